/** Part of the contract: orders that are never booked. */
import { assertEquals, assertRejects } from "@std/assert";
import { type Booking, orderDigest } from "../../src/ledger/entry.ts";
import type { Ledger, Voiding } from "../../src/ledger/ledger.ts";
import { voidedOrdersMax } from "../../src/limits.ts";
import type { ContractTest } from "./ledger_contract.ts";
import { alice, bob, noonMs, payment, registration } from "./ledger_samples.ts";

export function voidingContract(test: ContractTest): void {
  const first = payment([alice, bob], 300, { id: 1 });
  const other = payment([alice, bob], 200, { id: 1 });

  test("void: an order is not booked afterwards, whoever has money then; the code is the first one", async (ledger) => {
    await ledger.register(registration(alice, 100));
    await ledger.register(registration(bob, 1000));
    assertEquals((await ledger.book(first)).outcome, "bankrupt");
    assertEquals(await ledger.voidOrder(voiding(first, { code: 270 })), voided(270));
    await ledger.book(payment([bob, alice], 500, { id: 2 }));
    assertEquals(await ledger.voidOrder(voiding(first, { code: 265 })), voided(270));
    assertEquals(await ledger.book(first), voided(270));
    assertEquals(await balances(ledger), [600, 500]);
  });

  test("void: another order with the same id is booked", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    await ledger.voidOrder(voiding(first));
    assertEquals((await ledger.book(other)).outcome, "booked");
    assertEquals((await ledger.book(first)).outcome, "id_conflict");
    assertEquals(await balances(ledger), [800, 200]);
  });

  test("void: an order that was booked stays booked, and its entry is given", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    const booked = await ledger.book(first);
    const entry = booked.outcome === "booked" ? booked.entry : undefined;
    assertEquals(await ledger.voidOrder(voiding(first)), { outcome: "booked", entry: entry! });
    assertEquals((await ledger.book(first)).outcome, "repeated");
    // Its id is taken for good, so this one is void in any case.
    assertEquals((await ledger.voidOrder(voiding(other))).outcome, "voided");
  });

  test("void: of booking and voiding at once, the first one counts for both", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    const [one, two] = [first, payment([alice, bob], 10, { id: 2 })];
    const outcomes = await Promise.all([
      ledger.book(one),
      ledger.voidOrder(voiding(one)),
      ledger.voidOrder(voiding(two)),
      ledger.book(two),
    ]);
    assertEquals(outcomes.map(({ outcome }) => outcome), ["booked", "booked", "voided", "voided"]);
    assertEquals(await balances(ledger), [700, 300]);
  });

  test("void: the ledger remembers it", async (ledger, { reopen }) => {
    if (!reopen) return;
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    await ledger.voidOrder(voiding(first));
    assertEquals(await (await reopen()).book(first), voided(265));
  });

  test("void: an account with too many loses its own oldest, and nobody else's", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    const orders = Array.from(
      { length: voidedOrdersMax + 1 },
      (_, index) => payment([alice, bob], 1, { id: 10 + index }),
    );
    await ledger.voidOrder(voiding(first, { by: bob }));
    await Promise.all(orders.map((order) => ledger.voidOrder(voiding(order))));
    const of = async (order: Booking) => (await ledger.book(order)).outcome;
    const kept = [first, orders[1]!, orders.at(-1)!];
    assertEquals(await Promise.all(kept.map(of)), ["voided", "voided", "voided"]);
    assertEquals(await of(orders[0]!), "booked");
  });

  const mistakes: readonly [string, Partial<Voiding>][] = [
    ["no digest", { digest: "abc" }],
    ["no code", { code: 99 }],
    ["no whole code", { code: 265.5 }],
    ["no time", { atMs: NaN }],
  ];
  for (const [sentence, part] of mistakes) {
    test(`void: ${sentence}: a mistake of the program`, async (ledger) => {
      await assertRejects(() => ledger.voidOrder({ ...voiding(first), ...part }), TypeError);
    });
  }
}

function voiding(
  { id, orderJws }: Booking,
  { by = alice, code = 265 }: Partial<Pick<Voiding, "by" | "code">> = {},
): Voiding {
  return { id, digest: orderDigest(orderJws), by, code, atMs: noonMs };
}

function voided(code: number) {
  return { outcome: "voided", code } as const;
}

async function balances(ledger: Ledger) {
  return [(await ledger.account(alice))?.balance, (await ledger.account(bob))?.balance];
}
