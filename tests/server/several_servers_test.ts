/** Several servers on one ledger: what one decides, the members at all of them are told. */
import { assert, assertEquals } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { LedgerBusyError } from "../../src/errors.ts";
import type { FoundPresence, Ledger, Presence } from "../../src/ledger/ledger.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import { locateRequestType } from "../../src/protocol/locate.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { pingType, pongType } from "../../src/protocol/ping.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { yieldToEventLoop } from "../../src/yield_to_event_loop.ts";
import { ManualClock } from "../manual_clock.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { answerWith, check } from "../../src/protocol/request_type.ts";
import {
  paymentsShape,
  paymentType,
  resultsShape,
  resultType,
} from "../../src/protocol/transfer.ts";
import { keepOpen } from "./kept_ledger.ts";
import { orderPayload, signPayload } from "./order_maker.ts";
import { submitOrder } from "./submit_order.ts";
import { makeAuthority, named, sessionKey, startServer, type TestServer } from "./test_server.ts";

interface Pushed {
  readonly results: { readonly order: string; readonly code: number }[];
  readonly payments: string[];
}

Deno.test("servers: the payer of an order that was submitted at another server is told its result once, by its own server", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const [alice, bob] = await enroll(here, ["alice", "bob"]);
  const payer = await listen(await here.link(alice!));
  const payee = await here.link(bob!);
  const elsewhere = await there.link(bob!);
  await submitOrder(elsewhere, orderOf(here, alice!, 7));
  await submitOrder(elsewhere, orderOf(here, alice!, 10_001));
  await payer.settle();
  assertEquals(payer.pushed.results.map(({ code }) => code), [130, 270]);
  assertEquals(payer.pushed.payments, []);
  await payee.ask(balanceRequestType, {});
});

Deno.test("servers: a payee is told the payment that its payer submitted at another server, with a receipt of its own server", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const [alice, bob] = await enroll(here, ["alice", "bob"]);
  const payee = await listen(await there.link(bob!));
  const order = orderOf(here, alice!, 7);
  await submitOrder(await here.link(alice!), order);
  await payee.settle();
  assertEquals(payee.pushed, { results: [], payments: [order] });
});

Deno.test("servers: a member is told orders of many payers in the order of their entries", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const names = ["alice", "carol", "dave", "erin"];
  const payers = await enroll(here, names);
  const [bob] = await enroll(here, ["bob"]);
  const payee = await listen(await there.link(bob!));
  const links = await Promise.all(payers.map((payer) => here.link(payer)));
  const orders = payers.flatMap((payer) => [1, 2, 3].map((amount) => orderOf(here, payer, amount)));
  const receipts = await Promise.all(
    orders.map(async (order, at) => {
      const outcome = await submitOrder(links[Math.floor(at / 3)]!, order);
      return outcome.outcome === "answered"
        ? { order, entry: outcome.answer.receipt.entry }
        : never();
    }),
  );
  await payee.settle();
  receipts.sort((a, b) => a.entry - b.entry);
  assertEquals(payee.pushed.payments, receipts.map(({ order }) => order));
});

Deno.test("servers: a member is online at one of them, and all list and locate it", async () => {
  await using both = await startServers();
  const [here, there] = both.servers;
  const [alice, bob] = await enroll(here, ["alice", "bob"]);
  const payee = await there.link(bob!);
  await payee.ask(loginRequestType, { name: named("bob"), port: 7, host: "192.0.2.1" });
  const asking = await here.link(alice!);
  const located = await asking.ask(locateRequestType, { name: named("bob") });
  assertEquals(located, answerWith({ name: named("bob"), ip: "192.0.2.1", port: 7 }));
  const listed = await asking.ask(listRequestType, {});
  assert(listed.outcome === "answered");
  assertEquals([listed.answer.count, listed.answer.online[0]?.name], [1, named("bob")]);
});

Deno.test("servers: a login at a second server is refused while the first session lives, and replaces a silent one", async () => {
  const clock = new ManualClock(Date.now());
  await using both = await startServers(clock);
  const [here, there] = both.servers;
  const [alice] = await enroll(here, ["alice"]);
  const name = named("alice");
  const first = await goOnline(here, alice!, name);
  const second = await there.link(alice!);
  for (const isAlive of [true, false]) {
    const login = second.ask(loginRequestType, { name, port: 2 });
    // Messages take real time, so the clock stands still while one is on its way.
    await untilLeaving(both.ledger, "asked");
    await advanceUntil(clock, () => isLeaving(both.ledger, "considered"));
    const ping = await first.receive();
    assert(ping.kind === "message");
    assertEquals(ping.message.type, pingType);
    if (isAlive) {
      first.send(pongType, {});
      await untilLeaving(both.ledger, undefined);
    }
    const outcome = await settled(clock, login);
    assertEquals(outcome.outcome, isAlive ? "refused" : "answered");
    if (outcome.outcome === "refused") assertEquals(outcome.code, 230);
  }
  assertEquals((await both.ledger.presence(name))?.server, there.server.id);
  const goodbye = await first.receive();
  assert(goodbye.kind === "message");
  assertEquals(goodbye.message.body, { replaced: true });
});

Deno.test("servers: a session that lives ends all the same when its place was given away before it answered", async () => {
  const clock = new ManualClock(Date.now());
  await using both = await startServers(clock);
  const [here] = both.servers;
  const [alice] = await enroll(here, ["alice"]);
  const name = named("alice");
  const member = await goOnline(here, alice!, name);
  await both.ledger.askToLeave(name);
  await advanceUntil(clock, () => isLeaving(both.ledger, "considered"));
  await member.receive();
  await both.ledger.takeOffline(name, { server: here.server.id });
  await both.ledger.bringOnline({
    ...{ name, host: "192.0.2.1", publicPort: 1, privatePort: 1, server: "another" },
  });
  member.send(pongType, {});
  const goodbye = await member.receive();
  assert(goodbye.kind === "message");
  assertEquals(goodbye.message.body, { replaced: true });
});

Deno.test("servers: a login takes the place of a session at a server that does not answer", async () => {
  const clock = new ManualClock(Date.now());
  await using both = await startServers(clock);
  const [here] = both.servers;
  const [alice] = await enroll(here, ["alice"]);
  const name = named("alice");
  await both.ledger.bringOnline({
    ...{ name, host: "192.0.2.1", publicPort: 1, privatePort: 1, server: "killed" },
  });
  const link = await here.link(alice!);
  const outcome = await settled(clock, link.ask(loginRequestType, { name, port: 2 }));
  assertEquals(outcome.outcome, "answered");
  assertEquals((await both.ledger.presence(name))?.server, here.server.id);
});

Deno.test("servers: a dead server's members are offline within 15 seconds, and those of a server that was cut off come back", async () => {
  const clock = new ManualClock(Date.now());
  await using both = await startServers(clock);
  const [here, there] = both.servers;
  const [alice, bob] = await enroll(here, ["alice", "bob"]);
  await both.ledger.attend("killed");
  const dead = { name: named("bob"), host: "192.0.2.1", publicPort: 1, privatePort: 1 };
  await both.ledger.bringOnline({ ...dead, server: "killed" });
  await (await there.link(alice!)).ask(loginRequestType, { name: named("alice"), port: 2 });
  both.cutOff = there.server.id;
  const startMs = clock.monotonicMs();
  await advanceUntil(clock, async () => await both.ledger.onlineCount() === 0);
  const waitedMs = clock.monotonicMs() - startMs;
  assert(waitedMs > 8_000 && waitedMs <= 15_000, `offline after ${waitedMs} ms`);
  both.cutOff = undefined;
  await advanceUntil(clock, async () => await both.ledger.onlineCount() === 1);
  assertEquals((await both.ledger.presence(named("alice")))?.server, there.server.id);
  assert(bob);
});

Deno.test("servers: a member that went online elsewhere while its server was cut off loses its old session", async () => {
  const clock = new ManualClock(Date.now());
  await using both = await startServers(clock);
  const [here, there] = both.servers;
  const [alice] = await enroll(here, ["alice"]);
  const name = named("alice");
  const old = await there.link(alice!);
  await old.ask(loginRequestType, { name, port: 1 });
  both.cutOff = there.server.id;
  const link = await here.link(alice!);
  assertEquals(
    (await settled(clock, link.ask(loginRequestType, { name, port: 2 }))).outcome,
    "answered",
  );
  both.cutOff = undefined;
  await advanceUntil(clock, () => Promise.resolve(!old.isOpen));
  assertEquals((await both.ledger.presence(name))?.server, here.server.id);
});

Deno.test("servers: a server that was cut off brings all of its members online at once", async () => {
  const clock = new ManualClock(Date.now());
  let [isBack, asked] = [false, 0];
  const allAsked = Promise.withResolvers<void>();
  await using server = await startServer({
    clock,
    network: new MemoryNetwork(),
    wrap: (ledger) =>
      new Proxy(ledger, {
        get(target, key) {
          const value = Reflect.get(target, key);
          if (key === "attend" && isBack) return () => Promise.resolve(false);
          if (key === "bringOnline" && isBack) {
            return async (presence: Presence) => {
              if (++asked === 2) allAsked.resolve();
              await allAsked.promise;
              return await target.bringOnline(presence);
            };
          }
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
  });
  for (const name of ["alice", "bob"]) {
    const link = await server.link(await server.enroll(name));
    await link.ask(loginRequestType, { name: named(name), port: 1 });
  }
  isBack = true;
  await settled(clock, allAsked.promise);
});

Deno.test("servers: a member that goes while its server brings it online again stays offline", async () => {
  const clock = new ManualClock(Date.now());
  await using both = await startServers(clock);
  const [here, there] = both.servers;
  const [alice] = await enroll(here, ["alice"]);
  const link = await there.link(alice!);
  await link.ask(loginRequestType, { name: named("alice"), port: 1 });
  both.cutOff = there.server.id;
  await advanceUntil(clock, async () => await both.ledger.onlineCount() === 0);
  const [starting, going] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  both.beforeOnline = () => {
    starting.resolve();
    return going.promise;
  };
  both.cutOff = undefined;
  await settled(clock, starting.promise);
  link.channel.close();
  await takeTurns();
  going.resolve();
  await there.events.until(({ kind }) => kind === "offline");
  await takeTurns();
  assertEquals(await both.ledger.onlineCount(), 0);
});

Deno.test("servers: a member that its own server forgot to take offline can log in there", async () => {
  await using both = await startServers();
  const [here] = both.servers;
  const [alice] = await enroll(here, ["alice"]);
  const name = named("alice");
  const forgotten = { name, host: "192.0.2.1", publicPort: 1, privatePort: 1 };
  await both.ledger.bringOnline({ ...forgotten, server: here.server.id });
  const outcome = await (await here.link(alice!)).ask(loginRequestType, { name, port: 2 });
  assertEquals(outcome.outcome, "answered");
  assertEquals((await both.ledger.presence(name))?.privatePort, 2);
});

/** Lets everything run that waits for nothing. */
async function takeTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await yieldToEventLoop();
}

/** Waits until alice is asked to leave, or is no longer. */
async function untilLeaving(ledger: Ledger, leave: FoundPresence["leave"]): Promise<void> {
  while (!await isLeaving(ledger, leave)) await yieldToEventLoop();
}

async function isLeaving(ledger: Ledger, leave: FoundPresence["leave"]): Promise<boolean> {
  return (await ledger.presence(named("alice")))?.leave === leave;
}

/** Advances the clock in small steps until something is so. */
async function advanceUntil(clock: ManualClock, isSo: () => Promise<boolean>): Promise<void> {
  for (let step = 0; !await isSo(); step++) {
    if (step > 1_000) throw new Error("waited 50 seconds for nothing");
    clock.advance(50);
    await yieldToEventLoop();
  }
}

async function settled<Result>(clock: ManualClock, promise: Promise<Result>): Promise<Result> {
  let isSettled = false;
  promise.finally(() => isSettled = true);
  await advanceUntil(clock, () => Promise.resolve(isSettled));
  return await promise;
}

function never(): never {
  throw new Error("an order was refused");
}

/** Two servers on one ledger, the second with a certificate of its own. */
async function startServers(clock?: ManualClock): Promise<TwoServers> {
  const authority = makeAuthority();
  const nowMs = () => clock?.monotonicMs() ?? 0;
  const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint, nowMs }));
  const wrap = (ledger: Ledger) =>
    new Proxy(ledger, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (key === "attend" || key === "takeLeaveRequests") {
          return (server: string) =>
            server === both.cutOff
              ? Promise.reject(new LedgerBusyError("reach the database: it does not answer"))
              : value.call(target, server);
        }
        if (key === "bringOnline") {
          return async (presence: Presence) => {
            await both.beforeOnline(presence);
            return value.call(target, presence);
          };
        }
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  const options = {
    authority,
    ledger,
    wrap,
    network: new MemoryNetwork(),
    ...(clock && { clock }),
  };
  const servers = [await startServer(options), await startServer(options)] as const;
  const both: TwoServers = {
    servers,
    ledger,
    cutOff: undefined,
    beforeOnline: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
  return both;
}

interface TwoServers extends AsyncDisposable {
  readonly servers: readonly [TestServer, TestServer];
  readonly ledger: Ledger;
  /** The id of a server that does not reach the ledger. */
  cutOff: string | undefined;
  /** Runs before a server brings a member online. */
  beforeOnline: (presence: Presence) => Promise<void>;
}

/** Logs a member in whose messages the test sends and receives itself. */
async function goOnline(
  server: TestServer,
  identity: Identity,
  name: AccountName,
): Promise<Channel> {
  const connection = await server.connect();
  const member = connection.introduce({ signer: { kind: "certified", identity }, sessionKey });
  member.send(loginRequestType.type, { name, port: 1 });
  await member.receive();
  return member;
}

function enroll(server: TestServer, names: readonly string[]): Promise<Identity[]> {
  return Promise.all(names.map((name) => server.enroll(name)));
}

function orderOf(server: TestServer, payer: Identity, amount: number): string {
  return signPayload(orderPayload(payer, server.anchor, { amount }), payer);
}

/** Collects what a connection is pushed. `settle` waits until all that was decided has come. */
async function listen(link: ServerLink): Promise<{ pushed: Pushed; settle(): Promise<unknown> }> {
  const pushed: Pushed = { results: [], payments: [] };
  link.listen(resultType, (body) => {
    const { results } = check(resultsShape, body, "read results");
    pushed.results.push(...results.map(({ order, code }) => ({ order, code })));
  });
  link.listen(paymentType, (body) => {
    const { payments } = check(paymentsShape, body, "read payments");
    pushed.payments.push(...payments.map(({ order }) => order));
  });
  const settle = () => link.ask(balanceRequestType, {});
  await settle();
  return { pushed, settle };
}
