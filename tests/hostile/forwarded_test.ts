/**
 * Orders that a dishonest payee or a thief of an order passes on. The server and the payee's real
 * client refuse them, and nothing is booked.
 */
import { assert, assertEquals } from "@std/assert";
import { PeerListener } from "../../src/client/peer_listener.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { decodeReply } from "../../src/protocol/request_type.ts";
import { payRequestType } from "../../src/protocol/transfer.ts";
import { systemClock } from "../../src/clock.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { memberOf } from "../client/test_member.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { sessionKey, startServer, type TestServer, timeoutMs } from "../server/test_server.ts";
import { submitOrder } from "../server/submit_order.ts";
import { waitUntil } from "../server/wait_until.ts";

/** Who brings which order of alice's to bob's client, and what it is answered. */
const rows: readonly {
  title: string;
  by: "alice" | "mallory";
  payee: string;
  code: number | undefined;
}[] = [
  { title: "its payer's own order to it", by: "alice", payee: "bob", code: undefined },
  {
    title: "an order to it, by somebody who is not its payer",
    by: "mallory",
    payee: "bob",
    code: 261,
  },
  { title: "an order to somebody else, by its payer", by: "alice", payee: "mallory", code: 261 },
  { title: "an order that its payee passes on", by: "mallory", payee: "mallory", code: 261 },
];

Deno.test("forwarded: a payee accepts an order only from its payer, and only an order to itself", async (t) => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const people = { alice, mallory: await server.enroll("mallory") };
  const payee = await memberOf(server, bob);
  const listener = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  let payments = 0;
  const peers = new PeerListener(listener, payee.context, {
    onPayment: () => payments++,
    onFault: (error) => assert(false, String(error)),
  });
  for (const { title, by, payee, code } of rows) {
    await t.step(title, async () => {
      const order = signPayload(
        orderPayload(alice, server.anchor, { payee, amount: 1 }),
        alice,
      );
      assertEquals(await hand(order, people[by], { server, peers }), code);
    });
  }
  await waitUntil(() => payments === 1, "the payment");
  assertEquals(await server.balanceOf("alice"), 9999);
  await peers.close();
  await payee.abandon();
});

Deno.test("forwarded: the server accepts an order only from its payer and its payee", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const mallory = await server.enroll("mallory");
  const order = signPayload(orderPayload(alice, server.anchor, { amount: 1 }), alice);
  for (const [identity, code] of [[mallory, 261], [bob, 130], [alice, 130]] as const) {
    const outcome = await submitOrder(await server.link(identity), order);
    assertEquals(outcome.outcome === "answered" ? 130 : outcome.code, code);
  }
  assertEquals(await server.balanceOf("alice"), 9999);
});

/**
 * Delivers an order to bob's client. @returns the code of its refusal; `undefined` when it is taken
 */
async function hand(
  order: string,
  identity: Identity,
  { server, peers }: { server: TestServer; peers: PeerListener },
): Promise<number | undefined> {
  const signal = new AbortController().signal;
  const connection = await receiveGreeting(await tcpNetwork.connect(peers.endpoint, { signal }), {
    role: "member",
    resolveAnchor: () => Promise.resolve(server.anchor),
    clock: systemClock,
    timeoutMs,
  });
  const signer = { kind: "certified", identity } as const;
  const channel = connection.introduce({ signer, sessionKey });
  const { seq } = channel.send(payRequestType.type, { order });
  // A payee says nothing when it takes an order, and refuses this.
  channel.send("mint", {});
  const arrival = await channel.receive();
  assert(arrival.kind === "message");
  const { re, code } = decodeReply(arrival.message.body);
  channel.close();
  return re === seq ? code : undefined;
}
