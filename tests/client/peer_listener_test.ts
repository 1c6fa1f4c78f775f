/**
 * A member that takes payments continues despite any fault of a peer or of an accept. It closes
 * without waiting for a peer.
 */
import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/client/member.ts";
import type { IncomingPayment } from "../../src/client/payment/incoming_payments.ts";
import { PeerListener } from "../../src/client/peer_listener.ts";
import { messageOf } from "../../src/errors.ts";
import { peerConnectionsMax } from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { readDocument } from "../../src/pki/signed_document.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { payRequestType, submitRequestType } from "../../src/protocol/transfer.ts";
import type { Listener } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { connect } from "../hostile/recorded_connection.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { EventLog } from "../server/event_log.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { resultOf } from "./payment/payee_scripts.ts";
import { memberOf } from "./test_member.ts";

const lunch = { payee: named("bob"), amount: 2000 as Amount };

Deno.test("peers: after failed accepts, the payee takes the next payment at once", async () => {
  await withPayee(async ({ pay, faults }) => {
    // Paying waits for 10 seconds at most; a pause after each of these would take longer.
    assertEquals(await pay(), "paid");
    assertEquals(faults.map(messageOf), ["accept a connection: reset"]);
  }, { failing: 1000 });
});

Deno.test("peers: the payment is told once, and a payer that stays connected keeps nobody from closing", async () => {
  await withPayee(async ({ pay, payments, peers }) => {
    assertEquals(await pay(), "paid");
    const { receipt } = await payments.until(() => true);
    assertEquals([receipt.payload.payer, receipt.payload.amount], ["alice", 2000]);
    const signal = new AbortController().signal;
    const stream = await tcpNetwork.connect(peers.endpoint, { signal });
    const buffer = new Uint8Array(65_536);
    assert(await stream.read(buffer));
    await peers.close();
    assertEquals(await stream.read(buffer), null);
    stream.close();
    assertEquals(payments.all.length, 1);
  });
});

Deno.test("peers: only so many are served at a time, and a newcomer takes the place of the one that has been idle longest", async () => {
  await withPayee(async ({ pay, peers }) => {
    const signal = new AbortController().signal;
    const buffer = new Uint8Array(65_536);
    const dial = async () => {
      const stream = await tcpNetwork.connect(peers.endpoint, { signal });
      assert(await stream.read(buffer));
      return stream;
    };
    assertEquals(await pay(), "paid");
    const streams = [];
    // The payer's connection has been idle longest, and goes first.
    for (let count = 0; count < peerConnectionsMax; count++) streams.push(await dial());
    const [first, ...others] = streams;
    others.push(await dial());
    assertEquals(await first!.read(buffer), null);
    // The payer connects anew, and the next one goes.
    assertEquals(await pay(), "paid");
    assertEquals(await others[0]!.read(buffer), null);
    for (const stream of streams.concat(others)) stream.close();
  });
});

Deno.test("peers: while an order is under way on each connection, a newcomer is closed, and none of the orders is lost", async () => {
  await withPayee(async ({ alice, pay, payee, payments, peers, server }) => {
    const { link } = payee.context;
    const ask = link.ask.bind(link);
    const decided = Promise.withResolvers<void>();
    link.ask = async (type, request) => {
      if (type.type === submitRequestType.type) await decided.promise;
      return await ask(type, request);
    };
    const { signal } = new AbortController();
    const other = { role: "member", network: tcpNetwork, anchor: server.anchor } as const;
    const connections = [];
    for (let count = 0; count < peerConnectionsMax; count++) {
      const connection = await connect({ ...other, endpoint: peers.endpoint }, alice);
      const order = signPayload(orderPayload(alice, server.anchor, { amount: 1 }), alice);
      connection.channel.send(payRequestType.type, { order });
      // Refused, when the payee has read the order before it.
      connection.channel.send("mint", {});
      assertEquals((await connection.channel.receive()).kind, "message");
      connections.push(connection);
    }
    const newcomer = await tcpNetwork.connect(peers.endpoint, { signal });
    assertEquals(await newcomer.read(new Uint8Array(65_536)), null);
    newcomer.close();
    decided.resolve();
    await payments.until(() => payments.all.length === peerConnectionsMax);
    for (const { channel } of connections) channel.close();
    assertEquals(await pay(), "paid");
  });
});

Deno.test("peers: a payee that closes refuses the orders that it did not submit with 263, and takes the one that the server has", async () => {
  await withPayee(async ({ alice, payee, payments, peers, server }) => {
    const { link } = payee.context;
    const ask = link.ask.bind(link);
    const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    link.ask = async (type, request) => {
      if (type.type === submitRequestType.type) {
        asked.resolve();
        await held.promise;
      }
      return await ask(type, request);
    };
    const { channel } = await connect({
      role: "member",
      network: tcpNetwork,
      anchor: server.anchor,
      endpoint: peers.endpoint,
    }, alice);
    const hand = (amount: number) => {
      const order = signPayload(orderPayload(alice, server.anchor, { amount }), alice);
      return channel.send(payRequestType.type, { order }).seq;
    };
    const refused = async () => {
      const arrival = await channel.receive();
      assert(arrival.kind === "message");
      return [arrival.message.body.re, arrival.message.body.code];
    };
    hand(1);
    await asked.promise;
    const waiting = hand(2);
    // Refused, when the payee has read the order before it.
    const unknown = channel.send("mint", {}).seq;
    assertEquals(await refused(), [unknown, 410]);
    const closing = peers.close();
    assertEquals(await refused(), [waiting, 263]);
    assertEquals(await (hand(4), refused()), [waiting + 2, 263]);
    held.resolve();
    await closing;
    assertEquals((await channel.receive()).kind, "end");
    assertEquals(payments.all.map(({ receipt }) => receipt.payload.amount), [1]);
    assertEquals(await server.balanceOf("alice"), 9999);
    channel.close();
  });
});

Deno.test("peers: bad and repeated orders of one payer in a payee's message change nothing for another payer in it", async () => {
  await withPayee(async ({ pay, payee, payments, peers, server }) => {
    const { link } = payee.context;
    const ask = link.ask.bind(link);
    const held = Promise.withResolvers<void>();
    const sizes: number[] = [];
    link.ask = async (type, request) => {
      if (type.type === submitRequestType.type) {
        sizes.push((request as { orders: string[] }).orders.length);
        await held.promise;
      }
      return await ask(type, request);
    };
    const mallory = await server.enroll("mallory");
    const orderOf = (changes: JsonObject) =>
      signPayload(orderPayload(mallory, server.anchor, changes), mallory);
    const good = orderOf({ amount: 1 });
    const { payload: { id } } = readDocument(good, { typ: "micropay-order", chain: "single" });
    const bad = [
      good,
      orderOf({ amount: 10_001 }),
      orderOf({ amount: 2, id }),
      orderOf({ amount: 1, memo: "\u{e0041}" }),
      good,
    ];
    const connection = await connect({
      role: "member",
      network: tcpNetwork,
      anchor: server.anchor,
      endpoint: peers.endpoint,
    }, mallory);
    for (const order of bad) connection.channel.send(payRequestType.type, { order });
    connection.channel.send("mint", {});
    assertEquals((await connection.channel.receive()).kind, "message");
    const paid = pay();
    await server.events.until((event) =>
      event.kind === "message" && event.notation === "Locate#bob"
    );
    held.resolve();
    assertEquals(await paid, "paid");
    await payments.until(() => payments.all.length === 2);
    assertEquals(sizes.reduce((sum, size) => sum + size, 0), bad.length + 1);
    assertEquals([await server.balanceOf("alice"), await server.balanceOf("mallory")], [
      8000,
      9999,
    ]);
    connection.channel.close();
  });
});

interface PayeeScene {
  readonly server: TestServer;
  readonly alice: Identity;
  readonly payee: Member;
  readonly peers: PeerListener;
  readonly payments: EventLog<IncomingPayment>;
  readonly faults: readonly unknown[];
  readonly pay: () => ReturnType<typeof resultOf>;
}

async function withPayee(
  action: (scene: PayeeScene) => Promise<void>,
  { failing = 0 }: { failing?: number } = {},
): Promise<void> {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payee = await memberOf(server, bob);
  const payer = await memberOf(server, alice);
  const payments = new EventLog<IncomingPayment>(({ receipt }) => receipt.payload.id);
  const faults: unknown[] = [];
  const real = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  const peers = new PeerListener(failingAtFirst(real, failing), payee.context, {
    onPayment: (payment) => payments.add(payment),
    onFault: (error) => faults.push(error),
  });
  const { port } = peers.endpoint;
  await payee.context.link.ask(loginRequestType, { name: lunch.payee, port });
  try {
    await payer.context.link.ask(listRequestType, {});
    const pay = () => resultOf(() => payer.pay(lunch));
    await action({ server, alice, payee, peers, payments, faults, pay });
  } finally {
    await peers.close();
    await payer.abandon();
    await payee.abandon();
  }
}

/** As a system answers when connections are reset before they are accepted. */
function failingAtFirst(listener: Listener, times: number): Listener {
  let left = times;
  return {
    endpoint: listener.endpoint,
    accept: () => left-- > 0 ? Promise.reject(new Error("reset")) : listener.accept(),
    close: () => listener.close(),
  };
}
