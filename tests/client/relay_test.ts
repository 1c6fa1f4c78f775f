/**
 * Paying somebody whom the payer cannot connect to: the order goes through the server, which can
 * neither read nor change it.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Member } from "../../src/client/member.ts";
import type { IncomingPayment } from "../../src/client/payment/incoming_payments.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { dialPeer } from "../../src/client/peer_connection.ts";
import { RelayedConnections } from "../../src/client/relayed_connections.ts";
import { ClosedError, TimeoutError } from "../../src/errors.ts";
import {
  dialTimeoutMs,
  peerKeptMs,
  relayedUnreadBytesMax,
  undialableKeptMs,
} from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { answerWith, decodeReply, refuse, replyType } from "../../src/protocol/request_type.ts";
import { relayDataRequestType, relayRequestType } from "../../src/protocol/relay.ts";
import { payRequestType } from "../../src/protocol/transfer.ts";
import { systemRandom } from "../../src/random.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import type { ByteStream, Endpoint, Network } from "../../src/transport/byte_stream.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { ManualClock } from "../manual_clock.ts";
import { EventLog } from "../server/event_log.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { named, sessionKey, startServer, type TestServer } from "../server/test_server.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { settled } from "../transport/streams.ts";
import { resultOf } from "./payment/payee_scripts.ts";
import { memberOf, type MemberOptions } from "./test_member.ts";

interface Scene {
  readonly server: TestServer;
  /** The member alice. */
  readonly payer: Member;
  /** The member bob, who is online at an address that nobody answers at. */
  readonly payee: Member;
  readonly payments: EventLog<IncomingPayment>;
  readonly pay: () => ReturnType<typeof resultOf>;
  /** Addresses that the payer dialled. */
  readonly dialled: Endpoint[];
}

interface SceneOptions {
  readonly payer?: MemberOptions & { readonly clock?: Clock };
  readonly payee?: MemberOptions;
  /** Where the payee says that it is, instead of a port that is closed. */
  readonly advertise?: Endpoint;
}

async function relaying(
  act: (scene: Scene) => Promise<void>,
  { payer: payerOptions = {}, payee: payeeOptions = {}, advertise }: SceneOptions = {},
): Promise<void> {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const dialled: Endpoint[] = [];
  const network: Network = {
    listen: tcpNetwork.listen,
    connect: (endpoint, options) => {
      dialled.push(endpoint);
      return tcpNetwork.connect(endpoint, options);
    },
  };
  const { context } = await memberOf(server, alice, payerOptions);
  const { clock = systemClock } = payerOptions;
  const payer = new Member({ ...context, network, clock });
  const payee = await memberOf(server, bob, payeeOptions);
  const payments = new EventLog<IncomingPayment>(describe);
  const outcome = await payee.goOnline({
    listen: { host: "127.0.0.1", port: 0 },
    advertise: advertise ?? closedEndpoint,
    onPayment: (payment) => payments.add(payment),
    onFault: () => {},
  });
  assertEquals(outcome.outcome, "answered");
  const pay = () => resultOf(() => payer.pay({ payee: named("bob"), amount: 1 as Amount }));
  try {
    await act({ server, payer, payee, payments, pay, dialled });
  } finally {
    await payer.abandon();
    await payee.abandon();
  }
}

function describe({ receipt: { payload }, way }: IncomingPayment): string {
  return JSON.stringify({ ...payload, way });
}

/**
 * An address that refuses connections. The system gives its port to no listener. It can give a port
 * that was just closed to the payee's own listener.
 */
const closedEndpoint: Endpoint = { host: "127.0.0.1", port: 1 };

/** A step that the server takes with what a member asks; the member sees its answer. */
type OnTheWay = (request: JsonObject, send: (request: JsonObject) => Promise<unknown>) => unknown;

/** Treats the requests of one type as a dishonest server could. */
function betray({ context: { link } }: Member, type: string, treat: OnTheWay): void {
  const ask = link.ask.bind(link) as (type: { type: string }, request: object) => unknown;
  const betraying = (requestType: { type: string }, request: JsonObject) =>
    requestType.type === type
      ? treat(request, (changed) => ask(requestType, changed) as Promise<unknown>)
      : ask(requestType, request);
  link.ask = betraying as ServerLink["ask"];
}

const taken = answerWith({});

/** Changes the last character but the newline and a few, which is within the sealed bytes. */
function altered({ connection, data }: JsonObject): JsonObject {
  const text = data as string;
  const at = text.length - 40;
  const other = text[at] === "A" ? "B" : "A";
  return { connection: connection!, data: text.slice(0, at) + other + text.slice(at + 1) };
}

Deno.test("relay: a payee that nobody can dial is paid through the server, and both sides know the way", async () => {
  await relaying(async ({ server, payer, payments, dialled }) => {
    const terms = { payee: named("bob"), amount: 2000 as Amount, memo: "lunch" };
    const paid = await payer.pay(terms);
    assertEquals(paid.outcome === "paid" && paid.way, "relay");
    const { memo, receipt, way } = await payments.until(() => true);
    assertEquals([receipt.payload.payer, memo, way], ["alice", "lunch", "relay"]);
    const again = await payer.pay({ ...terms, viaServer: true });
    assertEquals(again.outcome === "paid" && again.way, "server");
    await payments.until(() => payments.all.length === 2);
    assertEquals([payments.all[1]?.way, dialled.length], ["server", 1]);
    assertEquals(await server.balanceOf("bob"), 14_000);
  });
});

Deno.test("relay: a payee that can be dialled is paid directly", async () => {
  await using server = await startServer();
  const payer = await memberOf(server, await server.enroll("alice"));
  const payee = await memberOf(server, await server.enroll("bob"));
  const payments = new EventLog<IncomingPayment>(describe);
  await payee.goOnline({
    listen: { host: "127.0.0.1", port: 0 },
    onPayment: (payment) => payments.add(payment),
    onFault: () => {},
  });
  const paid = await payer.pay({ payee: named("bob"), amount: 1 as Amount });
  const { way } = await payments.until(() => true);
  assertEquals([paid.outcome === "paid" && paid.way, way], ["direct", "direct"]);
  await Promise.all([payer.abandon(), payee.abandon()]);
});

Deno.test("relay: an address that accepts and says nothing holds up one payment, and is dialled again after a while", async () => {
  const hole = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  const held: ByteStream[] = [];
  const accepting = (async () => {
    for (let stream; (stream = await hole.accept());) held.push(stream);
  })();
  let aheadMs = 0;
  let closeKept = () => {};
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    schedule(delayMs, action) {
      if (delayMs !== peerKeptMs) return systemClock.schedule(delayMs, action);
      closeKept = action;
      return () => {};
    },
  };
  await relaying(async ({ pay, dialled, server }) => {
    assertEquals([await pay(), dialled.length], ["paid", 1]);
    // Without its kept connection the payer must reach the payee anew.
    closeKept();
    assertEquals([await pay(), dialled.length], ["paid", 1]);
    closeKept();
    aheadMs = undialableKeptMs;
    assertEquals([await pay(), dialled.length], ["paid", 2]);
    assertEquals(await server.balanceOf("bob"), 10_003);
  }, { advertise: hole.endpoint, payer: { clock, timeoutMs: 1000 } });
  hole.close();
  await accepting;
  for (const stream of held) stream.close();
});

Deno.test("relay: a payer waits 3 seconds for a connection and its greeting together", async () => {
  await relaying(async ({ payer }) => {
    const clock = new ManualClock();
    const silent = new MemoryNetwork();
    const listener = silent.listen({ host: "127.0.0.1", port: 0 });
    const network: Network = {
      listen: silent.listen,
      connect: (endpoint, options) => {
        clock.advance(dialTimeoutMs - 1000);
        return silent.connect(endpoint, options);
      },
    };
    const payee = { name: named("bob"), ip: "127.0.0.1", port: listener.endpoint.port };
    const dialling = dialPeer(payee, { ...payer.context, clock, network, timeoutMs: 60_000 });
    await listener.accept();
    await settled();
    assertEquals(clock.nextDelayMs, 1000);
    clock.advance(1000);
    assertEquals(await dialling, refuse(264));
    listener.close();
  });
});

for (const side of ["payer", "payee"] as const) {
  Deno.test(`relay: where the ${side} forbids it, the payment is refused with 264, and nothing is relayed`, async () => {
    await relaying(async ({ pay, server, dialled }) => {
      assertEquals([await pay(), dialled.length], [264, 1]);
      const relayed = server.events.all.some((event) =>
        event.kind === "message" && event.notation.startsWith("RelayData")
      );
      assertEquals([relayed, await server.balanceOf("bob")], [false, 10_000]);
    }, { [side]: { forbidsRelay: true } });
  });
}

Deno.test("relay: a payee that is offline is refused with 263, and one that stops taking refuses the order that came by relay", async () => {
  await relaying(async ({ pay, payee, server }) => {
    assertEquals(await pay(), "paid");
    await payee.stopTaking();
    // It is logged in still, and takes no connection.
    assertEquals(await pay(), 264);
    await payee.exit();
    assertEquals([await pay(), await server.balanceOf("bob")], [263, 10_001]);
  });
});

Deno.test("relay: a payee's refusal comes back sealed, and the connection goes on", async () => {
  await relaying(async ({ payer, server, payments }) => {
    const stream = await payer.context.relayed.connect(named("bob"));
    assert(!("outcome" in stream));
    const { anchor, identity } = payer.context;
    const connection = await receiveGreeting(stream, {
      role: "member",
      resolveAnchor: () => Promise.resolve(anchor),
      clock: systemClock,
      timeoutMs: 20_000,
    });
    const signer = { kind: "certified", identity } as const;
    const lines: string[] = [];
    const observe = (_: "in" | "out", line: string) => lines.push(line);
    const channel = connection.introduce({ signer, sessionKey, observe });
    const toCarol = orderPayload(identity, server.anchor, { payee: "carol" });
    channel.send(payRequestType.type, { order: signPayload(toCarol, identity) });
    const refused = await channel.receive();
    assert(refused.kind === "message" && refused.message.type === replyType);
    assertEquals(decodeReply(refused.message.body).code, 261);
    const good = orderPayload(identity, server.anchor, { amount: 7 });
    channel.send(payRequestType.type, { order: signPayload(good, identity) });
    const { receipt } = await payments.until(() => true);
    assertEquals(receipt.payload.amount, 7);
    // What the server forwards is in five sealed parts.
    for (const line of lines) assertMatch(line, /^[\w-]+(\.[\w-]+){4}$/);
    channel.close();
  });
});

Deno.test("relay: what a dishonest server does with relayed lines pays nothing twice and nobody else", async (t) => {
  const treatments: readonly {
    readonly title: string;
    /** Of the member whose lines are treated. */
    readonly side: "payer" | "payee";
    readonly type: string;
    readonly treat: () => OnTheWay;
    readonly result: Awaited<ReturnType<typeof resultOf>>;
    readonly booked: number;
  }[] = [
    {
      title: "alters each line of the payer",
      side: "payer",
      type: relayDataRequestType.type,
      treat: () => (request, send) => send(altered(request)),
      result: "unknown",
      booked: 0,
    },
    {
      title: "alters the first line of the payer",
      side: "payer",
      type: relayDataRequestType.type,
      treat: () => {
        let count = 0;
        return (request, send) => send(count++ === 0 ? altered(request) : request);
      },
      result: "paid",
      booked: 1,
    },
    {
      title: "drops each line of the payer",
      side: "payer",
      type: relayDataRequestType.type,
      treat: () => () => Promise.resolve(taken),
      result: "unknown",
      booked: 0,
    },
    {
      title: "repeats each line of the payer",
      side: "payer",
      type: relayDataRequestType.type,
      treat: () => async (request, send) => {
        await send(request);
        return await send(request);
      },
      result: "paid",
      booked: 1,
    },
    {
      title: "alters the payee's greeting",
      side: "payee",
      type: relayDataRequestType.type,
      treat: () => (request, send) => send(altered(request)),
      result: "untrusted",
      booked: 0,
    },
    {
      title: "drops the payee's greeting",
      side: "payee",
      type: relayDataRequestType.type,
      treat: () => () => Promise.resolve(taken),
      result: 264,
      booked: 0,
    },
    {
      title: "connects the payer to another member",
      side: "payer",
      type: relayRequestType.type,
      treat: () => (request, send) => send({ ...request, name: "mallory" }),
      result: "untrusted",
      booked: 0,
    },
    {
      title: "says that everything is taken, and does nothing",
      side: "payer",
      type: relayRequestType.type,
      treat: () => () => Promise.resolve(taken),
      result: 264,
      booked: 0,
    },
  ];
  for (const { title, side, type, treat, result, booked } of treatments) {
    await t.step(`it ${title}`, async () => {
      await relaying(async ({ server, payer, payee, pay }) => {
        const mallory = await memberOf(server, await server.enroll("mallory"));
        const told = { onPayment: () => {}, onFault: () => {} };
        await mallory.goOnline({ listen: { host: "127.0.0.1", port: 0 }, ...told });
        betray(side === "payer" ? payer : payee, type, treat());
        assertEquals(await pay(), result);
        const balances = [await server.balanceOf("bob"), await server.balanceOf("mallory")];
        assertEquals(balances, [10_000 + booked, 10_000]);
        await mallory.abandon();
      }, { payer: { timeoutMs: 1000 } });
    });
  }
});

Deno.test("relay: lines that a dishonest server swaps close the connection, and both orders are booked once over the next", async () => {
  await relaying(async ({ server, payer, pay }) => {
    let held: JsonObject | undefined;
    let isSwapped = false;
    const bothSent = Promise.withResolvers<void>();
    betray(payer, relayDataRequestType.type, async (request, send) => {
      if (isSwapped) return await send(request);
      if (!held) {
        held = request;
        bothSent.resolve();
        return taken;
      }
      isSwapped = true;
      await send(request);
      return await send(held);
    });
    const first = pay();
    await bothSent.promise;
    assertEquals(await Promise.all([first, pay()]), ["paid", "paid"]);
    assertEquals([isSwapped, await server.balanceOf("bob")], [true, 10_002]);
  });
});

Deno.test("relay: a member that is sent more than it reads ends the connection", async () => {
  await using server = await startServer();
  const payer = await memberOf(server, await server.enroll("alice"));
  const payee = await memberOf(server, await server.enroll("bob"));
  const { link, name, relayed } = payee.context;
  const listener = relayed.listen({ host: "127.0.0.1", port: 1 });
  await link.ask(loginRequestType, { name, port: 1, relay: true });
  const stream = await payer.context.relayed.connect(name);
  assert(!("outcome" in stream));
  const accepted = await listener.accept();
  const line = new TextEncoder().encode("x".repeat(2 * relayedUnreadBytesMax));
  await assertRejects(() => stream.write(line), ClosedError);
  assertEquals(await stream.read(new Uint8Array(10)), null);
  accepted?.close();
  listener.close();
  await Promise.all([payer.abandon(), payee.abandon()]);
});

/** Relayed connections over a server that the test plays. */
function playServer(
  answer: (type: string) => Promise<unknown> = () => Promise.resolve(taken),
  clock: Clock = systemClock,
) {
  const listeners = new Map<string, (body: JsonObject) => void>();
  const asked: string[] = [];
  const endpoint = { host: "127.0.0.1", port: 1 };
  const link = {
    channel: { local: endpoint, remote: endpoint },
    onLost: () => {},
    listen: (type: string, listener: (body: JsonObject) => void) => listeners.set(type, listener),
    ask: ({ type }: { type: string }) => {
      asked.push(type);
      return answer(type);
    },
  } as unknown as ServerLink;
  const options = { link, clock, random: systemRandom, timeoutMs: 1000 };
  const relayed = new RelayedConnections(options);
  const push = (type: string, body: JsonObject) => listeners.get(type)!(body);
  return { relayed, push, asked, listener: relayed.listen(endpoint) };
}

const connection = "a".repeat(22);

Deno.test("relay: when the server does not answer in time, the payer ends the connection that may be open", async () => {
  const { relayed, asked } = playServer((type) =>
    type === "relay" ? Promise.reject(new TimeoutError("no answer")) : Promise.resolve(taken)
  );
  await assertRejects(() => relayed.connect(named("bob")), TimeoutError);
  assertEquals(asked, ["relay", "relay_end"]);
});

Deno.test("relay: a server that opens a connection of the same name again takes nothing from the first one", async () => {
  const { push, listener } = playServer();
  push("relayed", { connection });
  push("relayed", { connection });
  const stream = await listener.accept();
  push("relayed_data", { connection, data: "mine" });
  push("relayed_end", { connection });
  const buffer = new Uint8Array(10);
  assertEquals([await stream!.read(buffer), await stream!.read(buffer)], [4, null]);
  listener.close();
  assertEquals(await listener.accept(), null, "there was one connection");
});

Deno.test("relay: bytes that come one by one and are not read count for the memory that they take", async () => {
  const { push, listener, asked } = playServer();
  push("relayed", { connection });
  const piecesMax = relayedUnreadBytesMax / 256;
  for (let count = 0; count < piecesMax; count++) push("relayed_data", { connection, data: "x" });
  assertEquals(asked, ["relay_end"]);
  const stream = await listener.accept();
  assertEquals(await stream!.read(new Uint8Array(10)), null);
});

Deno.test("relay: a writer does not wait for a busy relay when the connection has ended meanwhile", async () => {
  const clock = new ManualClock();
  const { push, listener } = playServer((type) => {
    if (type === "relay_data") push("relayed_end", { connection });
    return Promise.resolve(refuse(421));
  }, clock);
  push("relayed", { connection });
  const stream = await listener.accept();
  let isOver = false;
  const writing = assertRejects(() => stream!.write(new Uint8Array(1)), ClosedError)
    .finally(() => isOver = true);
  await settled();
  assertEquals([isOver, clock.pending], [true, 0]);
  await writing;
});
