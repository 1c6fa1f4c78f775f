/**
 * Payments in doubt: which orders the wallet keeps, which outcomes the next start learns, and when
 * an order can no longer be booked.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Member } from "../../../src/client/member.ts";
import type { Settled } from "../../../src/client/payment/settlement.ts";
import { systemClock } from "../../../src/clock.ts";
import { ClosedError, FileError, LedgerFullError } from "../../../src/errors.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { orderLifetimeMs, voidedOrderKeptMs } from "../../../src/limits.ts";
import type { Amount } from "../../../src/money.ts";
import { fillRoom } from "../../server/session/full_room.ts";
import { orderPayload, signPayload } from "../../server/order_maker.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { honest, orderIn, resultOf, submit } from "./payee_scripts.ts";
import { type Behaviour, memberOf, nameOf, type PayeeScene, TestPayee } from "../test_member.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import { KeptWallet } from "../wallet/memory_wallet_store.ts";
import { orderDigest } from "../../../src/ledger/entry.ts";
import { submitOrder } from "../../server/submit_order.ts";

const lunch = { payee: named("bob"), amount: 2000 as Amount };

interface Doubt {
  readonly server: TestServer;
  readonly alice: Identity;
  readonly bob: Identity;
  readonly kept: KeptWallet;
  /** Who paid, and was left in doubt. */
  readonly member: Member;
  /** What the payee was given; it has done nothing with it. */
  readonly held: PayeeScene;
  readonly passMs: (ms: number) => void;
  /** Whether the ledger has any for another entry. */
  readonly room: { isFull: boolean };
}

/** Alice has handed an order to bob, who hung up. */
async function withDoubt(act: (doubt: Doubt) => Promise<void>): Promise<void> {
  const kept = new KeptWallet();
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  const room = { isFull: false };
  await using server = await startServer({ clock, wrap: (ledger) => withRoom(ledger, room) });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const given: PayeeScene[] = [];
  const behave: Behaviour = (scene) => {
    given.push(scene);
    return Promise.resolve(scene.stream.close());
  };
  await using _payee = await TestPayee.logIn(server, bob, { behave });
  const member = await memberOf(server, alice, { kept });
  assertEquals(await resultOf(() => member.pay(lunch)), "unknown");
  const passMs = (ms: number) => void (shift.ms += ms);
  await act({ server, alice, bob, kept, member, held: given[0]!, passMs, room });
  await member.abandon();
}

function withRoom(ledger: Ledger, room: Doubt["room"]): Ledger {
  const full = () => Promise.reject(new LedgerFullError("write: no room"));
  const changes: readonly (keyof Ledger)[] = ["book", "voidOrder"];
  return new Proxy(ledger, {
    get: (target, name: keyof Ledger) =>
      room.isFull && changes.includes(name) ? full : target[name].bind(target),
  });
}

async function settled(member: Member): Promise<Settled[]> {
  const all: Settled[] = [];
  for await (const one of member.settle()) all.push(one);
  return all;
}

async function outcomes(member: Member): Promise<string[]> {
  return (await settled(member)).map(({ outcome }) => outcome);
}

/** Asks something, so that the server's clock is known anew. */
async function hear(member: Member): Promise<void> {
  await member.balance();
}

Deno.test("an order that its payee hands in later is found to be done, with its receipt, by the next start", async () => {
  await withDoubt(async ({ server, alice, kept, member, held }) => {
    const [id] = await member.context.outbox.ids();
    assertEquals(await outcomes(member), ["open"]);
    await submit(held);
    const next = await memberOf(server, alice, { kept });
    const [done, ...others] = await settled(next);
    assert(done?.outcome === "done");
    assertEquals([done.paid.receipt.payload.id, others], [id, []]);
    assertEquals(await next.context.receipts.has(id!), true);
    assertEquals([await next.context.outbox.ids(), await outcomes(next)], [[], []]);
    await next.abandon();
  });
});

Deno.test("an order is not done only when it is not known after it has expired, by the server's clock", async (t) => {
  const rows: readonly { title: string; ms: number; outcome: string }[] = [
    { title: "before it expires", ms: orderLifetimeMs - 5000, outcome: "open" },
    { title: "when it has expired", ms: orderLifetimeMs + 1000, outcome: "not_done" },
  ];
  for (const { title, ms, outcome } of rows) {
    await t.step(title, () =>
      withDoubt(async ({ member, passMs }) => {
        passMs(ms);
        await hear(member);
        assertEquals(await outcomes(member), [outcome]);
        assertEquals((await member.context.outbox.ids()).length, outcome === "open" ? 1 : 0);
      }));
  }
});

const clocks: readonly { title: string; aheadMs: number; backFirst: boolean }[] = [
  { title: "is set back afterwards", aheadMs: 3_600_000, backFirst: false },
  { title: "is set back before the server is asked", aheadMs: 3_600_000, backFirst: true },
];
for (const { title, aheadMs, backFirst } of clocks) {
  Deno.test(`what is said not to be done is never booked, also when the server's clock ${title}`, async () => {
    await withDoubt(async ({ server, member, held, passMs }) => {
      passMs(aheadMs);
      await hear(member);
      if (backFirst) passMs(-aheadMs);
      assertEquals(await outcomes(member), ["not_done"]);
      if (!backFirst) passMs(-aheadMs);
      const late = await submit(held);
      assertEquals(late.outcome === "refused" && late.code, 265);
      assertEquals(await server.balanceOf("alice"), 10_000);
    });
  });
}

Deno.test("while its payer's room for void orders is full, an undecided order stays in doubt", async () => {
  await withDoubt(async ({ server, alice, member, held, passMs }) => {
    const [id] = await member.context.outbox.ids();
    await fillRoom(server.ledger, { payer: nameOf(alice), atMs: systemClock.nowMs() });
    passMs(orderLifetimeMs + 1000);
    await hear(member);
    assertEquals(await outcomes(member), ["open"]);
    assertEquals(await resultOf(() => member.pay({ ...lunch, id })), "unknown");
    const much = { ...lunch, amount: 10_001 as Amount };
    assertEquals(await resultOf(() => member.pay({ ...much, viaServer: true })), "unknown");
    assertEquals((await member.context.outbox.ids()).length, 2);
    passMs(voidedOrderKeptMs);
    await hear(member);
    assertEquals(await outcomes(member), ["not_done", "not_done"]);
    const late = await submit(held);
    assertEquals(late.outcome === "refused" && late.code, 265);
    assertEquals(await member.context.outbox.ids(), []);
  });
});

Deno.test("an order that the server takes for one from the future, because its clock is wrong, is refused for good", async () => {
  await withDoubt(async ({ server, member, held, passMs }) => {
    const [id] = await member.context.outbox.ids();
    const wrongMs = -400 * 86_400_000;
    passMs(wrongMs);
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, viaServer: true })), 261);
    passMs(-wrongMs);
    const late = await submit(held);
    assertEquals(late.outcome === "refused" && late.code, 261);
    assertEquals(await server.balanceOf("alice"), 10_000);
  });
});

Deno.test("an earlier order with the same id, which its payee submits late, does not settle the new order", async () => {
  const kept = new KeptWallet();
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await using server = await startServer({ clock });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const given: PayeeScene[] = [];
  const behave: Behaviour = async (scene) => {
    given.push(scene);
    if (given.length <= 2) return scene.stream.close();
    const early = await submit(given[0]!);
    assertEquals(early.outcome === "refused" && early.code, 265);
    await honest(scene);
  };
  await using _payee = await TestPayee.logIn(server, bob, { behave });
  const member = await memberOf(server, alice, { kept });
  assertEquals(await resultOf(() => member.pay(lunch)), "unknown");
  const [id] = await member.context.outbox.ids();
  shift.ms = orderLifetimeMs + 1000;
  await hear(member);
  assertEquals(await resultOf(() => member.pay({ ...lunch, id })), "paid");
  assertEquals(await server.balanceOf("alice"), 8000);
  await member.abandon();
});

Deno.test("a damaged row of an order is reported, and is neither trusted nor overwritten", async () => {
  await withDoubt(async ({ server, alice, kept, member }) => {
    const [id] = await member.context.outbox.ids();
    const { orders } = kept.account(server.anchor.fingerprint, nameOf(alice));
    const other = signPayload(orderPayload(alice, server.anchor), alice);
    const forged = `${orders.get(id!)!.text.slice(0, -8)}AAAAAAAA`;
    for (const text of ["no order", other, forged]) {
      orders.set(id!, { ...orders.get(id!)!, text });
      const says = `the row ${id} of open_order is not an order`;
      await assertRejects(() => settled(member), FileError, says);
      await assertRejects(() => member.pay({ ...lunch, id }), FileError, says);
      assertEquals(orders.get(id!)?.text, text);
    }
    assertEquals(await server.balanceOf("alice"), 10_000);
  });
});

Deno.test("an order whose receipt cannot be stored stays in doubt, and is done when it can", async () => {
  await withDoubt(async ({ kept, member, held }) => {
    await submit(held);
    kept.failure = new FileError("write it: No space left on device");
    const [unknown] = await settled(member);
    assert(unknown?.outcome === "unknown");
    assertInstanceOf(unknown.error, FileError);
    assertEquals((await member.context.outbox.ids()).length, 1);
    kept.failure = undefined;
    assertEquals(await outcomes(member), ["done"]);
  });
});

Deno.test("when the server is gone, every payment in doubt is named, and nothing is thrown", async () => {
  await withDoubt(async ({ member }) => {
    await member.context.link.end();
    assertEquals(await outcomes(member), ["unknown"]);
    assertEquals((await member.context.outbox.ids()).length, 1);
  });
});

Deno.test("an order whose id was booked for another one is not done", async () => {
  await withDoubt(async ({ server, alice, bob, member }) => {
    const [id] = await member.context.outbox.ids();
    const order = signPayload(orderPayload(alice, server.anchor, { id, amount: 1 }), alice);
    await submitOrder(await server.link(bob), order);
    assertEquals(await outcomes(member), ["not_done"]);
    assertEquals(await member.context.outbox.ids(), []);
  });
});

Deno.test("an order whose id was booked for the same payment, made from another terminal, is done", async () => {
  await withDoubt(async ({ server, alice, bob, member }) => {
    const [id] = await member.context.outbox.ids();
    const terms = { id, amount: lunch.amount, memo: "from the other terminal" };
    const order = signPayload(orderPayload(alice, server.anchor, terms), alice);
    await submitOrder(await server.link(bob), order);
    const [done] = await settled(member);
    assert(done?.outcome === "done");
    assertEquals([done.paid.receipt.payload.id, await member.context.outbox.ids()], [id, []]);
  });
});

Deno.test("an order that the server could not book just now stays in doubt where its payee has it, and is settled later", async () => {
  await withDoubt(async ({ server, alice, kept, member, held, room }) => {
    const [id] = await member.context.outbox.ids();
    room.isFull = true;
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, viaServer: true })), "unknown");
    assertEquals((await member.context.outbox.get(id!))?.state, "recorded");
    room.isFull = false;
    await submit(held);
    const next = await memberOf(server, alice, { kept });
    assertEquals(await outcomes(next), ["done"]);
    await next.abandon();
  });
});

Deno.test("while the server cannot use its ledger, an order is in doubt, and the server's answer is told", async () => {
  await withDoubt(async ({ member, passMs, room }) => {
    passMs(orderLifetimeMs + 1000);
    await hear(member);
    room.isFull = true;
    const [told] = await settled(member);
    assert(told?.outcome === "unknown");
    assertStringIncludes(told.error.message, "the answer was 510, ");
    room.isFull = false;
    assertEquals(await outcomes(member), ["not_done"]);
  });
});

Deno.test("a refused order is not mentioned again; it is kept until it has expired, for it may have been booked all the same", async () => {
  const kept = new KeptWallet();
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await using server = await startServer({ clock });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  await using _payee = await TestPayee.logIn(server, bob, { behave: honest });
  const member = await memberOf(server, alice, { kept });
  const amount = 10_001 as Amount;
  assertEquals(await resultOf(() => member.pay({ ...lunch, amount })), 270);
  const [id] = await member.context.outbox.ids();
  assertEquals((await member.context.outbox.get(id!))?.state, "refused");
  assertEquals(await outcomes(member), []);
  assertEquals(await member.context.outbox.ids(), [id]);
  shift.ms = orderLifetimeMs + 1000;
  await hear(member);
  assertEquals([await outcomes(member), await member.context.outbox.ids()], [[], []]);
  await member.abandon();
});

Deno.test("while an order is in doubt, paying with its id sends it again, or stays in doubt; other terms are refused", async () => {
  await withDoubt(async ({ server, member }) => {
    const [id] = await member.context.outbox.ids();
    const { text: jws } = (await member.context.outbox.get(id!))!;
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, amount: 1 as Amount })), 266);
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, memo: "no lunch" })), 266);
    await server.ledger.takeOffline(named("bob"));
    // Refused as a new payment, but this one is with its payee already.
    assertEquals(await resultOf(() => member.pay(lunch)), 263);
    assertEquals(await resultOf(() => member.pay({ ...lunch, id })), "unknown");
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, viaServer: true })), "paid");
    assertEquals((await server.ledger.entry(id!))?.orderDigest, orderDigest(jws));
    assertEquals(await member.context.outbox.ids(), []);
  });
});

Deno.test("an order that can never be booked any more is replaced by another one with its id", async () => {
  await withDoubt(async ({ server, member, held, passMs }) => {
    const [id] = await member.context.outbox.ids();
    const { text: jws } = (await member.context.outbox.get(id!))!;
    passMs(orderLifetimeMs + 1000);
    await hear(member);
    const again = { ...lunch, id, amount: 7 as Amount, viaServer: true };
    assertEquals(await resultOf(() => member.pay(again)), "paid");
    const booked = await server.ledger.entry(id!);
    assertEquals([booked?.amount as number, booked?.orderDigest === orderDigest(jws)], [7, false]);
    // The first is refused for good.
    const late = await submit(held);
    assertEquals(late.outcome === "refused" && late.code, 265);
    assertEquals(await server.balanceOf("alice"), 9993);
  });
});

Deno.test("a retry that is cut off after the server made its order void leaves the order to the next start", async () => {
  await withDoubt(async ({ server, alice, kept, member, passMs }) => {
    const [id] = await member.context.outbox.ids();
    passMs(orderLifetimeMs + 1000);
    await hear(member);
    const { link } = member.context;
    const ask = link.ask.bind(link);
    link.ask = (requestType, request) =>
      requestType.type === "locate"
        ? Promise.reject(new ClosedError("ask the server: the connection was cut"))
        : ask(requestType, request);
    assertEquals(await resultOf(() => member.pay({ ...lunch, id })), "unknown");
    const next = await memberOf(server, alice, { kept });
    assertEquals(await outcomes(next), ["not_done"]);
    assertEquals(await next.context.outbox.ids(), []);
    await next.abandon();
  });
});

const cuts: readonly {
  readonly title: string;
  readonly cut: (stop: AbortController) => Promise<never>;
}[] = [
  {
    title: "the connection ends",
    cut: () => Promise.reject(new ClosedError("ask the server: the connection was cut")),
  },
  {
    title: "waiting is interrupted",
    cut: (stop) => {
      stop.abort();
      return Promise.withResolvers<never>().promise;
    },
  },
];
for (const { title, cut } of cuts) {
  Deno.test(`when ${title} before a payer learns which payment took its order's id, the order is left to the next start`, async () => {
    const kept = new KeptWallet();
    await using server = await startServer();
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const member = await memberOf(server, alice, { kept });
    const { link, outbox } = member.context;
    const id = "019aaf3e-7c00-7000-8000-00000000000a";
    const stop = new AbortController();
    const ask = link.ask.bind(link);
    let isTaken = false;
    link.ask = async (requestType, request) => {
      if (requestType.type === "submit") {
        const terms = { id, amount: lunch.amount, memo: "from the other terminal" };
        const order = signPayload(orderPayload(alice, server.anchor, terms), alice);
        await submitOrder(await server.link(bob), order);
        isTaken = true;
      }
      return await (isTaken && requestType.type === "status"
        ? cut(stop)
        : ask(requestType, request));
    };
    const pay = () => member.pay({ ...lunch, id, viaServer: true }, { signal: stop.signal });
    assertEquals([await resultOf(pay), await outbox.ids()], ["unknown", [id]]);
    const next = await memberOf(server, alice, { kept });
    assertEquals([await outcomes(next), await outbox.ids()], [["done"], []]);
    assertEquals(await server.balanceOf("alice"), 8000);
    await Promise.all([member.abandon(), next.abandon()]);
  });
}

Deno.test("when another payment took an order's id, the payer's one question tells it which", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const behave: Behaviour = async (scene) => {
    const { id } = orderIn(scene.message);
    const terms = { id, amount: lunch.amount, memo: "from the other terminal" };
    const order = signPayload(orderPayload(alice, server.anchor, terms), alice);
    await submitOrder(await server.link(bob), order);
    scene.stream.close();
  };
  await using _payee = await TestPayee.logIn(server, bob, { behave });
  const member = await memberOf(server, alice);
  const { link } = member.context;
  const ask = link.ask.bind(link);
  const asked: string[] = [];
  link.ask = (requestType, request) => {
    asked.push(requestType.type);
    return ask(requestType, request);
  };
  assertEquals(await resultOf(() => member.pay(lunch)), "paid");
  assertEquals(asked.filter((type) => type === "status"), ["status"]);
  await member.abandon();
});

Deno.test("two processes of one account that pay with one id at once pay once, and both are told so", async () => {
  const kept = new KeptWallet();
  await using server = await startServer();
  const alice = await server.enroll("alice");
  await server.enroll("bob");
  const id = "019aaf3e-7c00-7000-8000-00000000000a";
  const members = await Promise.all([1, 2, 3].map(() => memberOf(server, alice, { kept })));
  const pay = (member: Member) => member.pay({ ...lunch, id, viaServer: true });
  const results = await Promise.all(members.map((member) => resultOf(() => pay(member))));
  assertEquals(results, ["paid", "paid", "paid"]);
  assertEquals(await server.balanceOf("alice"), 8000);
  assertEquals(await members[0]!.context.outbox.ids(), []);
  await Promise.all(members.map((member) => member.abandon()));
});
