/** Part of the contract: bookings, one by one and concurrent. */
import { assertEquals, assertRejects } from "@std/assert";
import { type Booking, entryLeaf } from "../../src/ledger/entry.ts";
import type { BookOutcome } from "../../src/ledger/ledger.ts";
import { amountMax } from "../../src/money.ts";
import type { ContractTest } from "./ledger_contract.ts";
import {
  alice,
  bob,
  carol,
  nobody,
  noonMs,
  payment,
  refund,
  registration,
} from "./ledger_samples.ts";
import { plainRoot } from "./plain_tree.ts";

export function bookingContract(test: ContractTest): void {
  const first = payment([alice, bob], 300, { id: 1, memo: "lunch" });
  const opening = registration(alice, 1000, { id: 50 });
  const deposit = (amount: number) =>
    payment(["@issuer", alice], amount, { id: 2, kind: "deposit" });
  const withdrawal = (amount: number) =>
    payment([alice, "@issuer"], amount, { id: 2, kind: "withdrawal" });
  const rows: [string, Booking, BookOutcome["outcome"], number][] = [
    ["all the payer has", payment([alice, bob], 700, { id: 2 }), "booked", 0],
    ["one more than the payer has", payment([alice, bob], 701, { id: 2 }), "bankrupt", 700],
    ["the smallest amount", payment([alice, bob], 1, { id: 2 }), "booked", 699],
    ["the same order again", first, "repeated", 700],
    ["the same order, later", { ...first, atMs: noonMs + 5 }, "repeated", 700],
    [
      "the same id with another signature",
      { ...first, orderDigest: "0f".repeat(32) },
      "id_conflict",
      700,
    ],
    ["the same id with another memo", { ...first, memo: "dinner" }, "id_conflict", 700],
    ["the same id with an unknown payer", { ...first, payer: nobody }, "id_conflict", 700],
    ["an opening's id", payment([alice, bob], 1, { id: 50 }), "id_conflict", 700],
    ["an unknown payer", payment([nobody, bob], 1, { id: 2 }), "payer_unknown", 700],
    ["an unknown payee", payment([alice, nobody], 1, { id: 2 }), "payee_unknown", 700],
    ["both unknown", payment([nobody, carol], 1, { id: 2 }), "payer_unknown", 700],
    ["unknown payee and too much", payment([alice, nobody], 9999, { id: 2 }), "payee_unknown", 700],
    ["a deposit", deposit(5), "booked", 705],
    [
      "a deposit of the rest that can be issued",
      deposit(amountMax - 1000),
      "booked",
      amountMax - 300,
    ],
    ["a deposit of one unit more", deposit(amountMax - 999), "bankrupt", 700],
    ["a withdrawal of the whole balance", withdrawal(700), "booked", 0],
    ["a withdrawal of one unit more", withdrawal(701), "bankrupt", 700],
    [
      "the same id as a refund",
      { ...refund([alice, bob], 300, { id: 1, of: 1 }) },
      "id_conflict",
      700,
    ],
  ];
  for (const [sentence, row, outcome, balance] of rows) {
    test(`book: ${sentence}: ${outcome}`, async (ledger) => {
      await ledger.register(opening);
      await ledger.register(registration(bob, 0));
      await ledger.book(first);
      const result = await ledger.book(row);
      assertEquals(result.outcome, outcome);
      if (result.outcome === "booked") assertEquals(result.entry, (await ledger.entry(row.id))!);
      if (result.outcome === "repeated") assertEquals(result.entry.atMs, first.atMs);
      assertEquals((await ledger.account(alice))?.balance, balance);
      const { entries, balanceSum } = await ledger.totals();
      assertEquals([entries, balanceSum], [outcome === "booked" ? 3 : 2, 0]);
    });
  }

  const mistakes: [string, Booking][] = [
    ["nothing", payment([alice, bob], 0)],
    ["a part of a unit", payment([alice, bob], 1.5)],
    ["past 2^53-1", payment([alice, bob], 2 ** 53)],
    ["to oneself", payment([alice, alice], 1)],
    ["an invalid time", payment([alice, bob], 1, { atMs: NaN })],
    ["a short signature", { ...payment([alice, bob], 1), signature: new Uint8Array(63) }],
    ["an order's end that is no date", payment([alice, bob], 1, { expiresAtMs: NaN })],
    ["an order's digest that is none", { ...payment([alice, bob], 1), orderDigest: "abc" }],
    ["a certificate's fingerprint that is none", payment([alice, bob], 1, { certificate: "abc" })],
    ["a lone surrogate in the memo", payment([alice, bob], 1, { memo: "\ud83d" })],
    ["a NUL in the memo", payment([alice, bob], 1, { memo: "a\0b" })],
    ["a payment out of the issuing account", payment(["@issuer", alice], 1)],
    ["a payment into the issuing account", payment([alice, "@issuer"], 1)],
    ["a deposit by a member", payment([alice, bob], 1, { kind: "deposit" })],
    ["a withdrawal to a member", payment([alice, bob], 1, { kind: "withdrawal" })],
    ["a refund to the issuing account", refund([alice, "@issuer"], 1, { id: 2, of: 50 })],
    ["a refund of nothing", payment([bob, alice], 1, { kind: "refund" })],
    ["a payment that gives back another", { ...payment([bob, alice], 1), refunds: first.id }],
  ];
  for (const [sentence, row] of mistakes) {
    test(`book: ${sentence}: a mistake of the program, and the ledger continues`, async (ledger) => {
      await ledger.register(opening);
      await ledger.register(registration(bob, 0));
      const [mistake, good] = await Promise.allSettled([ledger.book(row), ledger.book(first)]);
      assertEquals([mistake.status, good.status], ["rejected", "fulfilled"]);
      await assertRejects(() => ledger.book(row), TypeError);
      assertEquals((await ledger.totals()).entries, 2);
    });
  }
  test("book: a registration with a foreign opening changes nothing", async (ledger) => {
    const row = registration(alice, 10, { id: 1 });
    await assertRejects(
      () => ledger.register({ ...row, opening: { ...row.opening!, payee: bob } }),
      TypeError,
    );
    await ledger.register(row);
    await assertRejects(() => ledger.register(registration(bob, 10, { id: 1 })), TypeError);
    assertEquals([await ledger.account(bob), (await ledger.totals()).accounts], [undefined, 1]);
  });
}

/** Steps of the server's clock between two bookings, in milliseconds. */
const clockJumps = { "an hour forward": 3_600_000, "an hour back": -3_600_000, "not at all": 0 };

export function clockContract(test: ContractTest): void {
  for (const [sentence, jumpMs] of Object.entries(clockJumps)) {
    test(`the clock goes ${sentence}: the heads stay right, and nothing is booked twice`, async (ledger) => {
      await ledger.register(registration(alice, 1000, { id: 50 }));
      await ledger.register(registration(bob, 0));
      const [early, late] = [1, 2].map((id) => payment([alice, bob], 100, { id }));
      const atMs = noonMs + jumpMs;
      const outcomes = [];
      for (const row of [early!, { ...late!, atMs }, { ...early!, atMs }, late!]) {
        outcomes.push(await ledger.book(row));
      }
      assertEquals(
        outcomes.map(({ outcome }) => outcome),
        ["booked", "booked", "repeated", "repeated"],
      );
      const entries = (await ledger.history(alice, { limit: 9 })).reverse();
      assertEquals(entries.map(({ number }) => number), [1, 2, 3]);
      assertEquals(entries.map((entry) => entry.atMs), [noonMs, noonMs, atMs]);
      const head = plainRoot(entries.map(entryLeaf));
      assertEquals((await ledger.totals()).head, head);
    });
  }
}

export function bookingAtOnceContract(test: ContractTest): void {
  test("two payments at once from an account that can afford one: one is booked", async (ledger) => {
    for (const name of [alice, bob, carol]) await ledger.register(registration(name, 100));
    const outcomes = await Promise.all([
      ledger.book(payment([alice, bob], 60, { id: 1 })),
      ledger.book(payment([alice, carol], 60, { id: 2 })),
    ]);
    assertEquals(outcomes.map(({ outcome }) => outcome), ["booked", "bankrupt"]);
    assertEquals((await ledger.account(alice))?.balance, 40);
  });

  test("100 payments at once from an account that can afford 40: 40 are booked", async (ledger) => {
    await ledger.register(registration(alice, 40));
    await ledger.register(registration(bob, 0));
    const payments = Array.from({ length: 100 }, (_, id) => payment([alice, bob], 1, { id }));
    const outcomes = await Promise.all(payments.map((row) => ledger.book(row)));
    assertEquals(outcomes.filter(({ outcome }) => outcome === "booked").length, 40);
    assertEquals(outcomes.filter(({ outcome }) => outcome === "bankrupt").length, 60);
    assertEquals((await ledger.account(bob))?.balance, 40);
  });

  test("one order submitted 100 times at once is booked once", async (ledger) => {
    await ledger.register(registration(alice, 40));
    await ledger.register(registration(bob, 0));
    const row = payment([alice, bob], 40);
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => ledger.book(row)));
    const entries = outcomes.map((result) => "entry" in result ? result.entry : undefined);
    assertEquals(outcomes.map(({ outcome }) => outcome), ["booked", ...Array(99).fill("repeated")]);
    assertEquals(entries, Array(100).fill(entries[0]));
  });
}
