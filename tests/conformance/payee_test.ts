/**
 * A payee's replies, rule by rule of `docs/protocol.md`. The tests sign and seal messages by hand
 * for the listener of a real client.
 */
import { assertEquals } from "@std/assert";
import { PeerListener } from "../../src/client/peer_listener.ts";
import { encodeBase64 } from "../../src/base64.ts";
import { systemClock } from "../../src/clock.ts";
import { peerIdleMsMax, peerTimeoutMs } from "../../src/limits.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { packDocument } from "../../src/protocol/packed_document.ts";
import { signCheckpoint } from "../../src/protocol/checkpoint.ts";
import type { SeenCheckpoint } from "../../src/protocol/seen_checkpoint.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import type { ByteStream, Endpoint } from "../../src/transport/byte_stream.ts";
import { type GreetedConnection, receiveGreeting } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { TcpStream } from "../../src/transport/tcp_stream.ts";
import { memberOf } from "../client/test_member.ts";
import { ManualClock } from "../manual_clock.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { waitUntil } from "../server/wait_until.ts";
import {
  issueMember,
  makeApplicant,
  makeAuthority,
  serverIdentity,
  startServer,
  type TestServer,
  timeoutMs,
} from "../server/test_server.ts";
import { assertRefusal, Speaker } from "./speaker.ts";

const id = "019aaf3e-7c00-7000-8000-000000000001";
const now = Math.floor(Date.now() / 1000);

interface Scene {
  readonly server: TestServer;
  readonly alice: Identity;
  readonly bob: Identity;
  readonly carol: Identity;
  /** How many payments bob was told of. */
  readonly told: () => number;
  /** A connection to bob. */
  readonly speak: (as: Parameters<typeof Speaker.on>[1]) => Promise<Speaker>;
  /** Where bob listens. */
  readonly endpoint: Endpoint;
  /** Ends bob's connection to the server. */
  readonly cutOff: () => void;
  /** Bob's clock. */
  readonly clock: ManualClock;
}

interface Row {
  readonly title: string;
  readonly type?: string;
  readonly as?: "alice" | "bob";
  /** The whole body; else an order. */
  readonly body?: JsonObject;
  /** Members of alice's order of 2000 to bob that are another than a good one's. */
  readonly changes?: JsonObject;
  readonly signer?: "alice" | "carol" | "bob";
  readonly code: number;
}

const rows: readonly Row[] = [
  ...["balance", "mint", "pong", "reply", "submit", "ping"].map((type): Row => ({
    title: `request 12: ${type}`,
    type,
    body: {},
    code: 410,
  })),
  { title: "pay 1: no order", body: {}, code: 410 },
  { title: "pay 1: an order of two parts", body: { order: "e30.e30" }, code: 410 },
  { title: "pay 1: a member too many", body: { order: "e30.e30.e30", memo: "tea" }, code: 410 },
  { title: "request 9: a JWS that is no order", body: { order: "e30.e30.e30" }, code: 261 },
  {
    title: "pay 2: an order of another payer",
    signer: "carol",
    changes: { payer: "carol" },
    code: 261,
  },
  { title: "pay 2: an order that another signed", signer: "carol", code: 261 },
  { title: "pay 2: an order to another payee", changes: { payee: "carol" }, code: 261 },
  { title: "pay 2: a refund", changes: { refunds: id }, code: 261 },
  { title: "pay 2: an order of another ledger", changes: { ledger: "0".repeat(64) }, code: 261 },
  { title: "pay 2: an order of the amount 0", changes: { amount: 0 }, code: 261 },
  { title: "pay 2: an order with a member too many", changes: { fee: 1 }, code: 261 },
  {
    title: "pay 3: an order that has expired",
    changes: { iat: now - 300, exp: now - 100 },
    code: 265,
  },
  {
    title: "pay 3: an order to oneself",
    as: "bob",
    signer: "bob",
    changes: { payer: "bob" },
    code: 280,
  },
  {
    title: "pay 3: an order from the future",
    changes: { iat: now + 600, exp: now + 700 },
    code: 261,
  },
  { title: "pay 3: an order for more than a day", changes: { exp: now + 90_000 }, code: 261 },
];

for (const { title, type = "pay", as = "alice", body, changes, signer = "alice", code } of rows) {
  Deno.test(`${title}, is answered ${code} by a payee, and the connection stays`, async () => {
    await withPayee(async (scene) => {
      using payer = await scene.speak(scene[as]);
      const order = () =>
        signPayload(orderPayload(scene.alice, scene.server.anchor, changes), scene[signer]);
      assertRefusal(await payer.ask(type, body ?? { order: await order() }), code);
      assertEquals(scene.told(), 0);
      // Good for an order that is, too.
      using alice = as === "alice" ? undefined : await scene.speak(scene.alice);
      const good = await signPayload(orderPayload(scene.alice, scene.server.anchor), scene.alice);
      await (alice ?? payer).tell("pay", { order: good });
      await waitUntil(() => scene.told() === 1, "the payment");
    });
  });
}

Deno.test("order 22: a payee takes an order that refers to the certificate of its connection, and answers 261 to one that refers to another", async () => {
  await withPayee(async ({ alice, bob, server, speak, told }) => {
    using payer = await speak(alice);
    const text = signPayload(orderPayload(alice, server.anchor), alice);
    const forged = signPayload(orderPayload(alice, server.anchor), bob);
    const unknown = issueMember(server.authority, "alice");
    const other = signPayload(orderPayload(unknown, server.anchor), unknown);
    const wrong = [[bob, text], [unknown, text], [unknown, other], [alice, forged]] as const;
    for (const [{ certificate }, order] of wrong) {
      const packed = packDocument({ text: order, signer: certificate });
      assertRefusal(await payer.ask("pay", { order: packed }), 261);
    }
    assertEquals(told(), 0);
    await payer.tell("pay", { order: packDocument({ text, signer: alice.certificate }) });
    await waitUntil(() => told() === 1, "the payment");
    // In either form it is the same order.
    await payer.tell("pay", { order: text });
    const last = signPayload(orderPayload(alice, server.anchor, { amount: 1 }), alice);
    await payer.tell("pay", { order: packDocument({ text: last, signer: alice.certificate }) });
    await waitUntil(() => told() >= 2, "both payments");
    assertEquals([told(), await server.balanceOf("alice")], [2, 7999]);
  });
});

for (
  const fault of ["another ledger's server", "a member", "nobody", "a server, in another form"]
) {
  Deno.test(`seen 1: an order with a checkpoint that ${fault} signed, is answered 410 by a payee, and the connection stays`, async () => {
    await withPayee(async ({ alice, server, speak, told }) => {
      using payer = await speak(alice);
      const order = () => signPayload(orderPayload(alice, server.anchor), alice);
      const foreign = makeAuthority();
      const good = seenBy(server.identity, server.anchor);
      const seen: JsonObject = {
        "another ledger's server": seenBy(serverIdentity(foreign), foreign.anchor),
        "a member": seenBy(alice, server.anchor),
        "nobody": { ...good, checkpoint: good.checkpoint.replace("\n3\n", "\n4\n") },
        "a server, in another form": { ...good, head: "00" },
      }[fault]!;
      assertRefusal(await payer.ask("pay", { order: await order(), seen }), 410);
      assertEquals(told(), 0);
      await payer.tell("pay", { order: await order(), seen: good });
      await waitUntil(() => told() === 1, "the payment");
    });
  });
}

/** A checkpoint of three rows. */
function seenBy(identity: Identity, anchor: TrustAnchor): SeenCheckpoint {
  const { text } = signCheckpoint({ size: 3, head: "ab".repeat(32), at: 1 }, { identity, anchor });
  return { checkpoint: text, serverCertificate: encodeBase64(identity.certificate.der) };
}

for (const [what, changes] of [["books", {}], ["refuses", { amount: 10_001 }]] as const) {
  Deno.test(`pay 4: a payee says nothing of an order that the server ${what}, for the server tells the payer`, async () => {
    await withPayee(async ({ alice, server, speak, told }) => {
      const link = await server.link(alice);
      await link.ask(balanceRequestType, {});
      const results: JsonObject[] = [];
      link.listen("result", (body) => void results.push(body));
      using payer = await speak(alice);
      const order = await signPayload(orderPayload(alice, server.anchor, changes), alice);
      await payer.tell("pay", { order });
      await waitUntil(() => results.length === 1, "the server's result");
      // The next thing that the payee says is the answer to the next message.
      assertRefusal(await payer.ask("mint"), 410);
      await waitUntil(() => told() === (what === "books" ? 1 : 0), "the payment");
    });
  });
}

Deno.test("pay 5: when the payee cannot reach its server, it answers 500", async () => {
  await withPayee(async ({ alice, cutOff, server, speak }) => {
    using payer = await speak(alice);
    cutOff();
    const order = await signPayload(orderPayload(alice, server.anchor), alice);
    assertRefusal(await payer.ask("pay", { order }), 500);
  });
});

Deno.test("pay 6: the same order again, however often, is booked and counted once", async () => {
  await withPayee(async ({ alice, server, speak, told }) => {
    using payer = await speak(alice);
    const order = await signPayload(orderPayload(alice, server.anchor), alice);
    for (let time = 0; time < 3; time++) await payer.tell("pay", { order });
    const last = await signPayload(orderPayload(alice, server.anchor, { amount: 1 }), alice);
    await payer.tell("pay", { order: last });
    await waitUntil(() => told() >= 2, "both payments");
    assertEquals([told(), await server.balanceOf("alice")], [2, 7999]);
  });
});

Deno.test("message 3: an applicant's first message closes its connection to a payee, and nothing is said", async () => {
  await withPayee(async ({ speak }) => {
    using applicant = await speak((await makeApplicant("dave")).signer);
    assertEquals(await applicant.ask("register", { name: "dave" }), "closed");
  });
});

Deno.test("line 3: a payer that closes its sending half is answered what it asked before, and then closed", async () => {
  await withPayee(async ({ alice, endpoint, server, told }) => {
    const half = await Deno.connect({ hostname: endpoint.host, port: endpoint.port });
    using payer = Speaker.on(await greet(new TcpStream(half), server), alice);
    const order = await signPayload(orderPayload(alice, server.anchor), alice);
    await payer.tell("pay", { order });
    await payer.tell("mint");
    await half.closeWrite();
    const answer = await payer.next();
    assertEquals(answer !== "closed" && answer.body.code, 410);
    assertEquals(await payer.next(), "closed");
    await waitUntil(() => told() === 1, "the payment");
  });
});

const silent: readonly (readonly [title: string, limitMs: number, said: number])[] = [
  ["limit 2: the first message to a payee begins within 10 seconds", peerTimeoutMs, 0],
  ["limit 3: a later message to a payee begins within a minute", peerIdleMsMax, 1],
];

for (const [title, limitMs, said] of silent) {
  Deno.test(`${title}, or the connection is closed`, async () => {
    assertEquals([peerTimeoutMs, peerIdleMsMax], [10_000, 60_000]);
    await withPayee(async ({ alice, clock, speak }) => {
      using punctual = await speak(alice);
      for (let time = 0; time < said; time++) assertEquals(await punctual.code("mint"), 410);
      await waitUntil(() => clock.delays.includes(limitMs), "the payee to wait");
      clock.advance(limitMs - 1);
      assertEquals(await punctual.code("mint"), 410);
    });
    await withPayee(async ({ alice, clock, speak }) => {
      using late = await speak(alice);
      for (let time = 0; time < said; time++) assertEquals(await late.code("mint"), 410);
      await waitUntil(() => clock.delays.includes(limitMs), "the payee to wait");
      clock.advance(limitMs);
      assertEquals(await late.next(), "closed");
    });
  });
}

async function withPayee(action: (scene: Scene) => Promise<void>): Promise<void> {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const carol = await server.enroll("carol");
  const payee = await memberOf(server, bob);
  let told = 0;
  const clock = new ManualClock(systemClock.nowMs());
  const peers = new PeerListener(
    tcpNetwork.listen({ host: "127.0.0.1", port: 0 }),
    { ...payee.context, clock },
    { onPayment: () => told++, onFault: () => {} },
  );
  const speak: Scene["speak"] = async (as) => {
    const { signal } = new AbortController();
    const stream = await tcpNetwork.connect(peers.endpoint, { signal });
    return Speaker.on(await greet(stream, server), as);
  };
  const { endpoint } = peers;
  const cutOff = () => payee.context.link.channel.close();
  try {
    await action({ server, alice, bob, carol, told: () => told, speak, cutOff, clock, endpoint });
  } finally {
    await peers.close();
    await payee.abandon();
  }
}

/** A connection to bob that was greeted, and nothing was said on. */
async function greet(stream: ByteStream, { anchor }: TestServer): Promise<GreetedConnection> {
  const resolveAnchor = () => Promise.resolve(anchor);
  return await receiveGreeting(stream, {
    role: "member",
    resolveAnchor,
    clock: systemClock,
    timeoutMs,
  });
}
