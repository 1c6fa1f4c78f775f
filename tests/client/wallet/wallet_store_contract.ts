/**
 * What a `WalletStore` has to do, whatever it is kept in.
 */
import { assert, assertEquals } from "@std/assert";
import { requestsListedMax } from "../../../src/limits.ts";
import { limitDayMs, noLimits } from "../../../src/client/wallet/payment_limits.ts";
import type { AccountStore, Outbox, WalletStore } from "../../../src/client/wallet/wallet_store.ts";
import type { SignedPaymentRequest } from "../../../src/protocol/payment_request.ts";
import { named } from "../../server/test_server.ts";
import { ledger, orderId, orderOf, otherLedger, receiptOf } from "./wallet_rows.ts";

/** Opens the same wallet once more, as another process does. */
type Open = () => WalletStore;

const alice = named("alice");
const address = "127.0.0.1:1";
const keep = { replace: false };
const accountOf = (store: WalletStore): AccountStore => store.account(ledger, alice);

/**
 * Orders by the number of their id, then by amount. They are signed in advance, because a simulated
 * wallet has no time for cryptography.
 */
const orders = await Promise.all(
  [0, 1, 2, 3].map((number) =>
    Promise.all([0, 1, 2, 3, 4, 5, 6].map((amount) => orderOf(orderId(number), amount + 1)))
  ),
);
const order = (number: number, amount = 5) => orders[number]![amount - 1]!;

/** Records an order that exceeds no limit. */
async function record(...[outbox, ...order]: [Outbox, ...Parameters<Outbox["add"]>]) {
  const stored = await outbox.add(...order);
  assert(!("exceeded" in stored));
  return stored;
}

const rows: Readonly<Record<string, (open: Open) => Promise<void>>> = {
  "each address has its own pin": async (open) => {
    const asked = [address, "[::1]:1", "127.0.0.1:2", "__proto__", "toString", "../CA"];
    const ask = () => Promise.all(asked.map((server) => open().pinOf(server)));
    assertEquals(new Set(await ask()), new Set([undefined]));
    await open().pin(address, ledger, keep);
    await open().pin("[::1]:1", otherLedger, keep);
    const none = undefined;
    assertEquals(await ask(), [ledger, otherLedger, none, none, none, none]);
  },

  "the addresses of a ledger are listed in order": async (open) => {
    assertEquals(await open().serversOf(ledger), []);
    await open().pin("localhost:2", ledger, keep);
    await open().pin(address, ledger, keep);
    await open().pin("localhost:3", otherLedger, keep);
    assertEquals(await open().serversOf(ledger), [address, "localhost:2"].sort());
  },

  "what is pinned stays, unless it is to be replaced": async (open) => {
    const store = open();
    assertEquals(await store.pin(address, ledger, keep), ledger);
    assertEquals(await store.pin(address, otherLedger, keep), ledger);
    assertEquals(await store.pinOf(address), ledger);
    assertEquals(await store.pin(address, otherLedger, { replace: true }), otherLedger);
    assertEquals(await store.pinOf(address), otherLedger);
  },

  "of many pins that are set at once none is lost, and for one address one wins, and all are told which":
    async (open) => {
      const ledgers = [ledger, otherLedger];
      const told = await Promise.all(ledgers.map((one) => open().pin(address, one, keep)));
      assertEquals(told[0], told[1]);
      const addresses = Array.from({ length: 20 }, (_, port) => `localhost:${port + 1}`);
      await Promise.all(
        addresses.map((server, at) => open().pin(server, ledgers[at % 2]!, keep)),
      );
      assertEquals(await open().pinOf(address), told[0]);
      for (const [at, server] of addresses.entries()) {
        assertEquals(await open().pinOf(server), ledgers[at % 2]!);
      }
    },

  "an order is kept until it is removed, and its refusal is noted": async (open) => {
    const { outbox } = accountOf(open());
    const id = orderId(1);
    assertEquals([await outbox.ids(), await outbox.get(id)], [[], undefined]);
    const item = await record(outbox, order(1));
    assertEquals(item, { text: order(1).text, state: "recorded" });
    const { outbox: other } = accountOf(open());
    assertEquals(await other.get(id), item);
    await outbox.markRefused(order(1));
    assertEquals([(await other.get(id))?.state, item.state], ["refused", "recorded"]);
    for (let again = 0; again < 2; again++) await outbox.remove(order(1));
    await outbox.markRefused(order(1));
    assertEquals([await other.ids(), await other.get(id)], [[], undefined]);
  },

  "requests are kept once each, and listed with the open ones first, then the newest": async (
    open,
  ) => {
    const requestOf = (id: string, exp: number) => {
      const payload = { amount: 5, payee: alice, exp };
      return { id, text: `text ${id}`, payload } as unknown as SignedPaymentRequest;
    };
    const now = { nowMs: 1_500_000 };
    assertEquals(await accountOf(open()).requests.listed(now), []);
    const [long, over, paid, brief, overToo] = [3000, 1000, 3000, 2000, 1499].map((exp, number) =>
      requestOf(orderId(number), exp)
    );
    const all = [long!, over!, paid!, brief!, overToo!];
    for (const request of [...all, long!]) await accountOf(open()).requests.add(request);
    await accountOf(open()).receipts.add(...receiptOf(2));
    const shown = [brief, long, overToo, paid, over].map((request) => request!.text);
    assertEquals(await accountOf(open()).requests.listed(now), shown);
    for (let more = 0; more < requestsListedMax; more++) {
      await accountOf(open()).requests.add(requestOf(orderId(10 + more), 1400));
    }
    const listed = await accountOf(open()).requests.listed(now);
    assertEquals(listed.length, requestsListedMax);
    assertEquals(listed.slice(0, 2), shown.slice(0, 2));
    const { requests: others } = open().account(otherLedger, alice);
    assertEquals(await others.listed(now), []);
  },

  "an order takes the place of the one that it replaces, and of no other": async (open) => {
    const { outbox } = accountOf(open());
    const [first, second, third] = [order(1, 5), order(1, 6), order(1, 7)];
    await outbox.add(first);
    await outbox.markRefused(first);
    assertEquals((await record(outbox, third, { replaces: second })).text, first.text);
    assertEquals((await record(outbox, third, { replaces: first })).text, third.text);
    assertEquals(await outbox.get(orderId(1)), { text: third.text, state: "recorded" });
    await outbox.remove(third);
    assertEquals((await record(outbox, second, { replaces: first })).text, second.text);
    assertEquals(await outbox.ids(), [orderId(1)]);
  },

  "another order with the same id gets its place only when the record of the first is gone": async (
    open,
  ) => {
    const { outbox } = accountOf(open());
    const id = orderId(1);
    const [first, second] = [order(1, 5), order(1, 6)];
    await outbox.add(first);
    await outbox.markRefused(first);
    assertEquals((await record(outbox, second)).text, first.text);
    // A change of the second order does not touch the first.
    await outbox.remove(second);
    assertEquals(await outbox.get(id).then((item) => [item?.text, item?.state]), [
      first.text,
      "refused",
    ]);
    await outbox.remove(first);
    await outbox.add(second);
    await outbox.markRefused(first);
    assertEquals(await outbox.get(id).then((item) => [item?.text, item?.state]), [
      second.text,
      "recorded",
    ]);
  },

  "of several orders with one id at once, one is recorded, and all are told which": async (
    open,
  ) => {
    const told = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((amount) => record(accountOf(open()).outbox, order(1, amount))),
    );
    assertEquals(new Set(told.map(({ text }) => text)).size, 1);
  },

  "orders are listed from the oldest on, and each account has its own on each ledger": async (
    open,
  ) => {
    const store = open();
    const numbers = [3, 1, 2];
    const ids = numbers.map(orderId);
    for (const number of numbers) {
      await accountOf(store).outbox.add(order(number));
    }
    assertEquals(await accountOf(open()).outbox.ids(), ids.toSorted());
    for (const other of [store.account(otherLedger, alice), store.account(ledger, named("bob"))]) {
      assertEquals(await other.outbox.ids(), []);
      await other.outbox.remove(order(3));
      await other.receipts.add(...receiptOf(1));
    }
    assertEquals((await accountOf(store).outbox.ids()).length, 3);
    assertEquals(await accountOf(store).receipts.has(orderId(1)), false);
  },

  "a receipt removes its own order from the outbox, and no other order under its id": async (
    open,
  ) => {
    const { outbox, receipts } = accountOf(open());
    const own = order(1);
    await outbox.add(own);
    await outbox.add(order(2));
    assertEquals(await receipts.add(...receiptOf(1, { order: own })), true);
    assertEquals(await accountOf(open()).outbox.ids(), [orderId(2)]);
    // A record that comes back, as from another process, goes with a receipt that is kept already.
    await outbox.add(own);
    assertEquals(await receipts.add(...receiptOf(1, { order: own })), false);
    assertEquals(await outbox.ids(), [orderId(2)]);
    await receipts.add(...receiptOf(2, { order: order(2, 6) }));
    assertEquals([await outbox.ids(), await receipts.has(orderId(2))], [[orderId(2)], true]);
    assertEquals(await receipts.count(), 2);
  },

  "of several processes that bring a receipt at once one is told that it is new, and the first stays":
    async (open) => {
      const brought = ["a.a.a", "b.b.b", "c.c.c", "d.d.d"];
      const told = await Promise.all(
        brought.map((text) => accountOf(open()).receipts.add(...receiptOf(1, { text }))),
      );
      assertEquals(told.filter((isNew) => isNew).length, 1);
      const { receipts } = accountOf(open());
      assertEquals(await receipts.add(...receiptOf(1)), false);
      const kept = { id: orderId(1), receipt: brought[told.indexOf(true)], order: "o.o.1" };
      assertEquals(await Array.fromAsync(receipts.all()), [kept as typeof kept & { receipt: "" }]);
    },

  "receipts are found by id and by number, and listed in the order of their ids": async (open) => {
    const store = open();
    const { receipts } = accountOf(store);
    const numbers = Array.from({ length: 450 }, (_, at) => 450 - at);
    await Promise.all(numbers.map((number) => receipts.add(...receiptOf(number))));
    const { receipts: other } = accountOf(open());
    const all = await Array.fromAsync(other.all());
    assertEquals(all.map(({ id }) => id), numbers.toReversed().map(orderId));
    const kept = { id: orderId(7), receipt: "r.r.7", order: "o.o.7" };
    assertEquals(await other.find({ entry: 7 }), [kept]);
    assertEquals(await other.find({ id: orderId(7) }), [kept]);
    assertEquals([await other.find({ entry: 451 }), await other.has(orderId(7))], [[], true]);
    // The ledger was rewritten: another payment has the number of one that is held.
    await receipts.add(...receiptOf(451, { entry: 7 }));
    assertEquals((await other.find({ entry: 7 })).map(({ id }) => id), [orderId(7), orderId(451)]);
  },

  "the longer of two audits is remembered": async (open) => {
    const { audits } = accountOf(open());
    const { audits: other } = accountOf(open());
    assertEquals(await audits.last(), undefined);
    const five = { entry: 5, head: ledger, checkpoint: "five", certificate: "one" };
    const four = { entry: 4, head: otherLedger, checkpoint: "four", certificate: "two" };
    const six = { entry: 6, head: otherLedger, checkpoint: "six", certificate: "two" };
    await audits.keep(five, []);
    await other.keep(four, []);
    assertEquals(await other.last(), five);
    await other.keep(six, []);
    assertEquals(await audits.last(), six);
  },

  "an audit marks its receipts, and only those of its account": async (open) => {
    const store = open();
    const { audits, receipts } = accountOf(store);
    const { receipts: others } = store.account(otherLedger, alice);
    for (const number of [1, 2, 3]) await receipts.add(...receiptOf(number));
    await others.add(...receiptOf(1));
    const left = async (from: AccountStore["receipts"]) =>
      (await Array.fromAsync(from.unaudited())).map(({ id }) => id);
    assertEquals(await left(receipts), [1, 2, 3].map(orderId));
    const head = { entry: 5, head: ledger, checkpoint: "five", certificate: "one" };
    await audits.keep(head, [orderId(1)]);
    // The tree may be as long as before, or the audit of another process longer.
    await audits.keep(head, [orderId(3), orderId(9)]);
    assertEquals(await left(accountOf(open()).receipts), [orderId(2)]);
    assertEquals(await left(others), [orderId(1)]);
    // A receipt that comes again is the same one.
    await receipts.add(...receiptOf(1));
    assertEquals(await left(receipts), [orderId(2)]);
    assertEquals((await Array.fromAsync(receipts.all())).length, 3);
  },

  "an accepted head stays, some receipts are given up, and others audited again": async (open) => {
    const { audits, receipts } = accountOf(open());
    for (const number of [1, 2, 3]) await receipts.add(...receiptOf(number));
    const five = { entry: 5, head: ledger, checkpoint: "five", certificate: "one" };
    const four = { entry: 4, head: otherLedger, checkpoint: "four", certificate: "two" };
    await audits.keep(five, [orderId(1), orderId(2)]);
    await audits.accept(four, { acceptedAt: 7, givenUp: [orderId(2), orderId(3)] });
    const { audits: later, receipts: kept } = accountOf(open());
    const ids = async (rows: AsyncIterable<{ readonly id: string }>) =>
      (await Array.fromAsync(rows)).map(({ id }) => id);
    assertEquals(await later.last(), { ...four, acceptedAt: 7 });
    assertEquals(await ids(kept.auditable()), [orderId(1)]);
    assertEquals(await ids(kept.unaudited()), [orderId(1)]);
    assertEquals((await ids(kept.all())).length, 3);
    await later.keep(five, []);
    assertEquals(await later.last(), { ...five, acceptedAt: 7 });
  },

  "an order beyond a limit is not recorded, and lowering a limit needs no leave": async (open) => {
    const { limits, outbox } = accountOf(open());
    const { limits: others } = open().account(ledger, named("bob"));
    const now = order(1).payload.iat * 1000;
    assertEquals(await limits.read(now), { limits: noLimits, paid: 0 });
    const lower = { mayRaise: false };
    assertEquals(await limits.set({ perPayment: 5, perDay: 9 }, lower), true);
    assertEquals(await outbox.add(order(1, 6)), { exceeded: "perPayment", limit: 5, left: 5 });
    await record(outbox, order(1, 5));
    assertEquals(await outbox.add(order(2, 5)), { exceeded: "perDay", limit: 9, left: 4 });
    assertEquals([await outbox.ids(), await outbox.get(orderId(2))], [[orderId(1)], undefined]);
    for (const raise of [{ perPayment: 6 }, { perDay: "none", perPayment: 1 }] as const) {
      assertEquals(await limits.set(raise, lower), false);
    }
    const both = { perPayment: 5, perDay: 9 };
    assertEquals(await accountOf(open()).limits.read(now), { limits: both, paid: 5 });
    assertEquals(await limits.set({ perPayment: 5, perDay: 3 }, lower), true);
    // What was paid already may be more.
    assertEquals(await outbox.add(order(2, 1)), { exceeded: "perDay", limit: 3, left: 0 });
    assertEquals(
      await limits.set({ perPayment: "none", perDay: "none" }, { mayRaise: true }),
      true,
    );
    await record(outbox, order(2, 7));
    assertEquals(await limits.read(now), { limits: noLimits, paid: 12 });
    assertEquals(await others.read(now), { limits: noLimits, paid: 0 });
  },

  "an order counts towards the limit of a day until it is refused or removed, a receipt for 24 hours":
    async (open) => {
      const { limits, outbox, receipts } = accountOf(open());
      const paid = async (atMs: number) => (await accountOf(open()).limits.read(atMs)).paid;
      const now = order(1).payload.iat * 1000;
      for (const number of [0, 1, 2]) await record(outbox, order(number, number + 1));
      assertEquals(await paid(now), 6);
      await outbox.markRefused(order(1, 2));
      await outbox.remove(order(2, 3));
      assertEquals(await paid(now), 1);
      // The order counts once, before its receipt came and after.
      await receipts.add(...receiptOf(0, { order: order(0, 1) }));
      const booked = Date.parse(receiptOf(0)[0].payload.at);
      assertEquals(await paid(booked), 5);
      assertEquals([await paid(booked + limitDayMs - 1), await paid(booked + limitDayMs)], [5, 0]);
      // What came in, and what the operator took out, is not paid.
      const other = named("bob");
      await receipts.add(...receiptOf(4, { payer: other }));
      await receipts.add(...receiptOf(5, { kind: "withdrawal" }));
      assertEquals(await paid(booked), 5);
      await receipts.add(...receiptOf(6, { kind: "refund" }));
      assertEquals(await paid(booked), 10);
      // An order that takes the place of a void one counts in its place.
      const [first, second] = [order(3, 3), order(3, 2)];
      const before = await paid(now);
      await limits.set({ perDay: before + 3 }, { mayRaise: false });
      await record(outbox, first);
      await record(outbox, second, { replaces: first });
      assertEquals(await paid(now), before + 2);
    },

  "of several orders that are recorded at once no more are than the limit of a day allows": async (
    open,
  ) => {
    await accountOf(open()).limits.set({ perDay: 12 }, { mayRaise: false });
    const told = await Promise.all(
      [0, 1, 2, 3].map((number) => accountOf(open()).outbox.add(order(number, 5))),
    );
    assertEquals(told.filter((stored) => "exceeded" in stored).length, 2);
    assertEquals((await accountOf(open()).outbox.ids()).length, 2);
  },

  "what was closed opens again": async (open) => {
    const store = open();
    await store.pin(address, ledger, keep);
    for (let again = 0; again < 2; again++) store.close();
    assertEquals(await store.pinOf(address), ledger);
    store.close();
  },
};

/** @param withWallet makes an empty wallet and takes it away when the test is over */
export function testWalletStore(
  kind: string,
  withWallet: (use: (open: Open) => Promise<void>) => Promise<void>,
): void {
  for (const [title, use] of Object.entries(rows)) {
    Deno.test(`${kind}: ${title}`, () => withWallet(use));
  }
}
