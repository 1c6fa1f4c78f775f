/** Part of the contract: void orders. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Booking } from "../../src/ledger/entry.ts";
import type { Ledger, Voiding } from "../../src/ledger/ledger.ts";
import { voidedOrderKeptMs, voidedOrdersMax } from "../../src/limits.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  certificateOf,
  nobody,
  noonMs,
  payment,
  registration,
  reissueOf,
  revoke,
} from "./ledger_samples.ts";

export function voidingContract(test: ContractTest): void {
  const first = payment([alice, bob], 300, { id: 1 });
  const other = payment([alice, bob], 200, { id: 1 });

  test("void: a void order is never booked, and keeps its first code", async (ledger) => {
    await ledger.register(registration(alice, 100));
    await ledger.register(registration(bob, 1000));
    assertEquals((await ledger.book(first)).outcome, "bankrupt");
    assertEquals(await ledger.voidOrder(voiding(first, { code: 270 })), done);
    await ledger.book(payment([bob, alice], 500, { id: 2 }));
    assertEquals(await ledger.voidOrder(voiding(first, { code: 265 })), repeated(270));
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

  test("void: a booked order stays booked, and its entry is returned", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    const booked = await ledger.book(first);
    const entry = booked.outcome === "booked" ? booked.entry : undefined;
    assertEquals(await ledger.voidOrder(voiding(first)), { outcome: "booked", entry: entry! });
    assertEquals((await ledger.book(first)).outcome, "repeated");
    // Its id is taken, so this order is void in any case.
    assertEquals((await ledger.voidOrder(voiding(other))).outcome, "voided");
  });

  test("void: of a concurrent booking and voiding, the first one decides both", async (ledger) => {
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

  test("void: the ledger remembers void orders", async (ledger, { reopen }) => {
    if (!reopen) return;
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    await ledger.voidOrder(voiding(first));
    assertEquals(await (await reopen()).book(first), voided(265));
  });

  test("void: a full room takes no further void order and loses none", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 1000));
    await ledger.voidOrder(voiding(first));
    await fillRoom(ledger, { from: 1 });
    assertEquals(await ledger.voidOrder(voiding(other)), { outcome: "no_room" });
    assertEquals((await ledger.book(other)).outcome, "booked");
    assertEquals(await ledger.voidOrder(voiding(first)), repeated(265));
    assertEquals(await ledger.book(filler(voidedOrdersMax - 1)), voided(265));
    // The rooms of other payers are not affected.
    const hers = payment([bob, alice], 1, { id: 3 });
    assertEquals(await ledger.voidOrder(voiding(hers, { payer: bob })), done);
  });

  test(
    "void: a full room forgets the order that expired first, and no order from that time is booked",
    async (ledger, { reopen }) => {
      await ledger.register(registration(alice, 1000));
      await ledger.register(registration(bob, 0));
      const expiresAtMs = noonMs - 60_000;
      assertEquals(await ledger.voidOrder(voiding(first, { expiresAtMs })), done);
      await fillRoom(ledger, { from: 1 });
      const late = (atMs: number) => ledger.voidOrder(voiding(other, { atMs }));
      assertEquals(await late(expiresAtMs + voidedOrderKeptMs), { outcome: "no_room" });
      assertEquals(await late(expiresAtMs + voidedOrderKeptMs + 1), done);
      const next = await reopen?.() ?? ledger;
      // As if the clock was set back: by its time, the order is valid again.
      const exp = expiresAtMs / 1000;
      assertEquals(await next.book({ ...first, exp }), { outcome: "expired" });
      assertEquals(await next.voidOrder(voiding(first, { expiresAtMs })), { outcome: "expired" });
      const at = (id: number, expiresAtMs: number) =>
        next.book(payment([alice, bob], 1, { id, expiresAtMs }));
      assertEquals((await at(4, expiresAtMs - 1000)).outcome, "expired");
      assertEquals((await at(5, expiresAtMs + 1000)).outcome, "booked");
      // Only the payer's orders are affected, because other payers have their own rooms.
      const back = payment([bob, alice], 1, { id: 6, expiresAtMs });
      assertEquals((await next.book(back)).outcome, "booked");
      // Nobody voids the server's own orders.
      const withdrawal = { id: 7, kind: "withdrawal", expiresAtMs } as const;
      const paidOut = await next.book(payment([alice, "@issuer"], 1, withdrawal));
      assertEquals(paidOut.outcome, "booked");
      assertEquals(await next.book(filler(1)), voided(265));
    },
  );

  test("void: an order under an old certificate of the payer is never booked, and takes no room", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    const certificate = certificateOf(bob).fingerprint;
    const foreign = payment([alice, bob], 1, { id: 1, certificate });
    const unbookable = { outcome: "unbookable" } as const;
    await fillRoom(ledger, { from: 0 });
    assertEquals(await ledger.voidOrder(voiding(foreign, { certificate })), unbookable);
    assertEquals((await ledger.book(foreign)).outcome, "certificate_not_current");
    assertEquals(await ledger.voidOrder(voiding(foreign, { payer: nobody })), unbookable);
  });

  test("void: a revocation empties the payer's room, and its orders are still never booked", async (ledger) => {
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    await fillRoom(ledger, { from: 0 });
    const codeDigest = "c0".repeat(32);
    assertEquals(await revoke(ledger, alice, codeDigest), "changed");
    assertEquals((await ledger.book(filler(0))).outcome, "certificate_not_current");
    assertEquals((await ledger.voidOrder(voiding(filler(0)))).outcome, "unbookable");
    const anew = registration(alice, 0, { key: "next" });
    const reissued = await ledger.register(await reissueOf(ledger, anew, codeDigest));
    assertEquals(reissued.outcome, "reissued");
    const certificate = anew.certificate.fingerprint;
    const order = payment([alice, bob], 5, { id: 2, certificate });
    assertEquals(await ledger.voidOrder(voiding(order, { certificate })), done);
  });

  const mistakes: readonly [string, Partial<Voiding>][] = [
    ["an invalid digest", { digest: "abc" }],
    ["an invalid certificate", { certificate: "abc" }],
    ["an invalid code", { code: 99 }],
    ["a fractional code", { code: 265.5 }],
    ["an invalid time", { atMs: NaN }],
    ["an invalid end", { expiresAtMs: NaN }],
    ["an end before 1970", { expiresAtMs: -1 }],
    ["an end after 9999", { expiresAtMs: Date.UTC(10_000, 0) }],
  ];
  for (const [sentence, part] of mistakes) {
    test(`void: ${sentence}: a mistake of the program`, async (ledger) => {
      await assertRejects(() => ledger.voidOrder({ ...voiding(first), ...part }), TypeError);
    });
  }
}

/** Returns one of the orders that fill alice's room. */
function filler(index: number): Booking {
  return payment([alice, bob], 1, { id: 10 + index });
}

async function fillRoom(ledger: Ledger, { from }: { from: number }): Promise<void> {
  const count = voidedOrdersMax - from;
  const orders = Array.from({ length: count }, (_, index) => filler(from + index));
  await Promise.all(orders.map((order) => ledger.voidOrder(voiding(order))));
}

function voiding(
  { id, orderDigest: digest }: Booking,
  changes: Partial<Omit<Voiding, "id" | "digest">> = {},
): Voiding {
  const payer = changes.payer ?? alice;
  const certificate = certificateOf(payer).fingerprint;
  const usual = { payer, certificate, code: 265, atMs: noonMs, expiresAtMs: noonMs + 120_000 };
  return { id, digest, ...usual, ...changes };
}

const done = { outcome: "voided" } as const;

/** Returns the refusal of a void order. */
function voided(code: number) {
  return { outcome: "voided", code } as const;
}

/** Returns the outcome of a second voiding. */
function repeated(code: number) {
  return { outcome: "repeated", code } as const;
}

async function balances(ledger: Ledger) {
  return [(await ledger.account(alice))?.balance, (await ledger.account(bob))?.balance];
}
