/**
 * A payee that opens its payer's message and seals it again for another member. It may even give
 * its payer that member's nonce. The server and the other member's client refuse the message. The
 * payment is booked once, to its payee.
 */
import { assert, assertEquals } from "@std/assert";
import { compactDecrypt } from "jose";
import { decodeBase64UrlStrict } from "../../src/base64.ts";
import { PeerListener } from "../../src/client/peer_listener.ts";
import { systemClock } from "../../src/clock.ts";
import { messageHeader } from "../../src/envelope/jwe.ts";
import type { Amount } from "../../src/money.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { Role } from "../../src/pki/party.ts";
import { systemRandom } from "../../src/random.ts";
import { acceptChannel } from "../../src/transport/accept_channel.ts";
import type { ByteStream, Endpoint } from "../../src/transport/byte_stream.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { honest, resultOf } from "../client/payment/payee_scripts.ts";
import { memberOf, TestPayee } from "../client/test_member.ts";
import { forgeJwe } from "../envelope/forger.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import {
  named,
  sessionKey,
  startServer,
  type TestServer,
  timeoutMs,
} from "../server/test_server.ts";
import { bytesOf, drain } from "./scene.ts";

/**
 * The new receiver, whether that connection's nonce is used, and the server's reason for its
 * refusal.
 */
const rows: readonly { title: string; role: Role; borrows: boolean; reason?: string }[] = [
  {
    title: "for the server",
    role: "server",
    borrows: false,
    reason: "it is message 0 to micropay:account:mallory, not message 0 to micropay:server, " +
      "and of another connection",
  },
  {
    title: "for the server, with the server's nonce",
    role: "server",
    borrows: true,
    reason: "it is message 0 to micropay:account:mallory, not message 0 to micropay:server",
  },
  { title: "for another payee", role: "member", borrows: false },
  { title: "for another payee, with that one's nonce", role: "member", borrows: true },
];

Deno.test("resealed: a payer's message that its payee seals again for the server or another payee is refused without a reply", async (t) => {
  await using server = await startServer();
  const [alice, mallory] = [await server.enroll("alice"), await server.enroll("mallory")];
  const payer = await memberOf(server, alice);
  const carol = await memberOf(server, await server.enroll("carol"));
  const toCarol = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  const peers = new PeerListener(toCarol, carol.context, {
    onPayment: () => assert(false, "a payment to somebody else was taken"),
    onFault: (error) => assert(false, String(error)),
  });
  const scene = { server, mallory, link: await server.link(mallory) };
  for (const { title, role, borrows } of rows) {
    await t.step(title, async () => {
      const endpoint = role === "server" ? server.endpoint : peers.endpoint;
      // The payer may know that it has paid before the payee has done the last of it.
      const answered = Promise.withResolvers<number>();
      const instead = async (stream: ByteStream) => {
        const taking = takeAndReseal(stream, { ...scene, role, endpoint, borrows });
        answered.resolve(taking);
        await taking;
      };
      await using _ = await TestPayee.logIn(server, mallory, { behave: honest, instead });
      const terms = { payee: named("mallory"), amount: 10 as Amount };
      assertEquals(await resultOf(() => payer.pay(terms)), "paid");
      assertEquals(await answered.promise, 0);
      await server.ledger.takeOffline(named("mallory"));
    });
  }
  const reasons = server.events.all.flatMap((event) =>
    event.kind === "line_refused" ? [event.reason] : []
  );
  assertEquals(reasons, rows.flatMap(({ reason }) => reason ? [`open a line: ${reason}`] : []));
  assertEquals(await server.balanceOf("mallory"), 10_000 + 10 * rows.length);
  assertEquals(await server.balanceOf("carol"), 10_000);
  await peers.close();
  await payer.abandon();
  await carol.abandon();
});

/**
 * Takes a payer's order, seals its message for another peer, then behaves as an honest payee.
 *
 * @returns the number of bytes that the other peer answered
 */
async function takeAndReseal(
  stream: ByteStream,
  { server, mallory, link, role, endpoint, borrows }: {
    server: TestServer;
    mallory: Identity;
    link: Parameters<typeof honest>[0]["link"];
    role: Role;
    endpoint: Endpoint;
    borrows: boolean;
  },
): Promise<number> {
  const signal = new AbortController().signal;
  const other = await receiveGreeting(await tcpNetwork.connect(endpoint, { signal }), {
    role,
    resolveAnchor: () => Promise.resolve(server.anchor),
    clock: systemClock,
    timeoutMs,
  });
  const nonce = decodeBase64UrlStrict(other.greeting.nonce)!;
  const accepted = await acceptChannel(stream, {
    identity: mallory,
    // Another key than everybody else's here.
    sessionKey: sessionKeys.bob,
    anchor: server.anchor,
    applicants: false,
    firstMessageTimeoutMs: timeoutMs,
    clock: systemClock,
    random: borrows ? { bytes: () => nonce } : systemRandom,
  });
  assert(accepted);
  const { plaintext } = await compactDecrypt(accepted.line, sessionKeys.bob.privateKey);
  const line = await forgeJwe({
    header: messageHeader(other.greeting.sessionKey.kid),
    plaintext: new Uint8Array(plaintext),
    recipient: sessionKey.jwk,
  });
  await other.stream.write(bytesOf(`${line}\n`));
  const answered = await drain(other.stream);
  other.close();
  await honest({ ...accepted, stream, link });
  return answered;
}
