/**
 * A payee is told once of each payment, and of what went wrong with it: when the receipt cannot be
 * kept, and when the server's answer is late or lost.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Member } from "../../../src/client/member.ts";
import {
  ClosedError,
  FileError,
  messageOf,
  ProtocolError,
  TimeoutError,
  UnknownOutcomeError,
} from "../../../src/errors.ts";
import type { Amount } from "../../../src/money.ts";
import { historyRequestType } from "../../../src/protocol/history.ts";
import { type Outcome, refuse } from "../../../src/protocol/request_type.ts";
import { locateRequestType } from "../../../src/protocol/locate.ts";
import { oneTimeCodeDigest } from "../../../src/protocol/register.ts";
import { statusRequestType } from "../../../src/protocol/status.ts";
import { payRequestType, submitRequestType } from "../../../src/protocol/transfer.ts";
import { receiveGreeting } from "../../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../../src/transport/tcp_network.ts";
import { makeOrderId, systemRandom } from "../../../src/random.ts";
import { systemClock } from "../../../src/clock.ts";
import { EventLog } from "../../server/event_log.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { resultOf } from "./payee_scripts.ts";
import { memberOf } from "../test_member.ts";

interface Scene {
  readonly server: TestServer;
  readonly alice: Member;
  readonly bob: Member;
  /** Entries that bob was told of. */
  readonly told: EventLog<number>;
  readonly faults: EventLog<unknown>;
}

/** Bob is online. */
async function paying(act: (scene: Scene) => Promise<void>): Promise<void> {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const scene = {
    server,
    alice: await memberOf(server, alice),
    bob: await memberOf(server, bob),
    told: new EventLog<number>(String),
    faults: new EventLog<unknown>(messageOf),
  };
  await scene.bob.goOnline({
    listen: { host: "127.0.0.1", port: 0 },
    onPayment: ({ receipt }) => scene.told.add(receipt.payload.entry),
    onFault: (error) => scene.faults.add(error),
  });
  await act(scene);
  await Promise.all([scene.alice.abandon(), scene.bob.abandon()]);
}

const lunch = { payee: named("bob"), amount: 5 as Amount };
const newId = () => makeOrderId(systemClock, systemRandom);

for (const viaServer of [false, true]) {
  const way = viaServer ? "through the server" : "directly";
  Deno.test(`incoming: money that came ${way} is told once when its receipt cannot be kept, with what to do, and its payer has its own`, async () => {
    await paying(async ({ server, alice, bob, told, faults }) => {
      const { receipts } = bob.context;
      const add = receipts.add.bind(receipts);
      const tries = new EventLog<number>(String);
      receipts.add = () => {
        tries.add(tries.all.length);
        return Promise.reject(new FileError("write it: No space left on device"));
      };
      const id = newId();
      assertEquals(await resultOf(() => alice.pay({ ...lunch, id, viaServer })), "paid");
      assertEquals(await alice.context.receipts.has(id), true);
      const fault = await faults.until(() => true);
      assertInstanceOf(fault, FileError);
      assertStringIncludes(fault.message, "5 from alice: write it: No space left on device.");
      assertStringIncludes(fault.message, "receive --since 2");
      assertEquals([told.all, await server.balanceOf("bob")], [[3], 10_005]);
      const { order } = await orderOf(bob, id);
      // Handed over again, without room and with it: nothing is told twice.
      await handOver(order, alice);
      await tries.until((at) => at === 1);
      const kept = Promise.withResolvers<boolean>();
      receipts.add = async (...row) => {
        kept.resolve(add(...row));
        return await kept.promise;
      };
      await handOver(order, alice);
      assertEquals(await kept.promise, true);
      await bob.balance();
      assertEquals([told.all, faults.all.length], [[3], 1]);
    });
  });
}

/** Gives an order to its payee once more, as no client of ours does. */
async function handOver(jws: string, { context }: Member): Promise<void> {
  const located = await context.link.ask(locateRequestType, { name: lunch.payee });
  assert(located.outcome === "answered");
  const { name, ip: host, port } = located.answer;
  const { signal } = new AbortController();
  const { anchor, identity, sessionKey } = context;
  const connection = await receiveGreeting(await tcpNetwork.connect({ host, port }, { signal }), {
    role: "member",
    resolveAnchor: () => Promise.resolve(anchor),
    clock: systemClock,
    timeoutMs: 20_000,
  });
  assertEquals(name, lunch.payee);
  const channel = connection.introduce({ signer: { kind: "certified", identity }, sessionKey });
  await channel.send(payRequestType.type, { order: jws }).written;
  await channel.end();
}

const answers: readonly {
  readonly title: string;
  readonly instead: (bob: Member) => Promise<never> | ReturnType<typeof refuse>;
}[] = [
  { title: "is late", instead: () => Promise.reject(new TimeoutError("no answer in time")) },
  { title: "is that it does not know", instead: () => refuse(500) },
];

for (const { title, instead } of answers) {
  Deno.test(`incoming: when the server's answer ${title}, that is told, and the payment once it is known`, async () => {
    await paying(async ({ alice, bob, told, faults }) => {
      const { link } = bob.context;
      const ask = link.ask.bind(link);
      let late = 0;
      link.ask = async (requestType, request) => {
        const answer = await ask(requestType, request);
        if (requestType.type === submitRequestType.type) return await instead(bob);
        if (requestType.type === statusRequestType.type && late++ === 0) {
          throw new TimeoutError("late");
        }
        return answer;
      };
      assertEquals(await resultOf(() => alice.pay(lunch)), "paid");
      assertEquals(await told.until(() => true), 3);
      const [fault, ...others] = faults.all;
      assertInstanceOf(fault, UnknownOutcomeError);
      assertStringIncludes(
        fault.message,
        `Whether the order ${fault.orderId} is booked is not known`,
      );
      assertEquals([others, told.all, late], [[], [3], 2]);
      assertEquals(await bob.context.receipts.has(fault.orderId), true);
    });
  });
}

Deno.test("incoming: when the connection ends before the answer, that is told, and the payment by what is asked next", async () => {
  await paying(async ({ server, alice, bob, told, faults }) => {
    const { link, identity } = bob.context;
    const ask = link.ask.bind(link);
    link.ask = async (requestType, request) => {
      await ask(requestType, request);
      link.channel.close();
      await link.closed;
      throw new ClosedError("it is gone");
    };
    assertEquals(await resultOf(() => alice.pay(lunch)), "paid");
    const fault = await faults.until(() => true);
    assertInstanceOf(fault, UnknownOutcomeError);
    assertEquals(told.all, []);
    const next = await memberOf(server, identity);
    const received = [];
    for await (const one of next.received({ since: 2 })) received.push(one);
    const [first] = received;
    assert(first?.outcome === "answered");
    assertEquals([received.length, first.answer.receipt.payload.id], [1, fault.orderId]);
    await next.abandon();
  });
});

Deno.test("incoming: a payee whose certificate was revoked tells its payer at once that nothing was decided", async () => {
  await paying(async ({ server, alice, bob }) => {
    const { link } = bob.context;
    const ask = link.ask.bind(link);
    link.ask = async (requestType, request) => {
      const codeDigest = oneTimeCodeDigest("7K2M-9QXD-4T0B-ZH5N");
      await server.end({ kind: "revocation", name: lunch.payee, codeDigest });
      return await ask(requestType, request);
    };
    const error = await assertRejects(() => alice.pay(lunch), UnknownOutcomeError);
    assertStringIncludes(error.message, "the answer was 500");
    assertEquals(await server.balanceOf("alice"), 10_000);
  });
});

Deno.test("incoming: a server that lists a payment to somebody else as money that came is not believed", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const carol = await memberOf(server, await server.enroll("carol"));
  const payer = await memberOf(server, alice);
  const id = newId();
  assertEquals(await resultOf(() => payer.pay({ ...lunch, id, viaServer: true })), "paid");
  const page = await (await server.link(bob)).ask(historyRequestType, { limit: 1 });
  const { link, receipts } = carol.context;
  const ask = link.ask.bind(link);
  link.ask = (requestType, request) =>
    requestType.type === historyRequestType.type
      ? Promise.resolve(page as Outcome<never>)
      : ask(requestType, request);
  await assertRejects(
    () => carol.received({ since: 0 }).next(),
    ProtocolError,
    "read a page of history: the entry 4 is of somebody else's account",
  );
  assertEquals(await receipts.has(id), false);
  await Promise.all([payer.abandon(), carol.abandon()]);
});

async function orderOf(bob: Member, id: string): Promise<{ order: string }> {
  for await (const page of bob.history({ limit: 10 })) {
    assert(page.outcome === "answered");
    const row = page.answer.entries.find((entry) => entry.id === id);
    if (row) return row;
  }
  throw new Error(`${id} is not in the history`);
}
