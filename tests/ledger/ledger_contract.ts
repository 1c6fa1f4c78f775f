/**
 * What every ledger does, whatever it is stored in. Each implementation's test file calls {@link ledgerContract}.
 */
import { assertEquals, assertRejects } from "@std/assert";
import type { AccountName } from "../../src/account_name.ts";
import { LedgerError } from "../../src/errors.ts";
import { type Booking, chainHash, type Entry, entryDigest } from "../../src/ledger/entry.ts";
import type { BookOutcome, Ledger, Registration } from "../../src/ledger/ledger.ts";
import { amountMax } from "../../src/money.ts";
import { ledgerProperties } from "./ledger_properties.ts";
import {
  alice,
  bob,
  carol,
  certificateOf,
  ledgerId,
  nobody,
  noonMs,
  orderId,
  payment,
  presenceOf,
  registration,
} from "./ledger_samples.ts";

export interface OpenedLedger {
  /** Empty, with the identifier `ledgerId` of the samples. */
  readonly ledger: Ledger;
  /** Closes it and opens the same one again; absent where nothing survives. */
  readonly reopen?: () => Promise<Ledger>;
  /** Closes it and removes all of it. */
  readonly dispose: () => Promise<void>;
}

export type OpenLedger = () => Promise<OpenedLedger>;

/** Registers the contract's tests for one implementation. */
export function ledgerContract(name: string, open: OpenLedger): void {
  const test = (sentence: string, run: (ledger: Ledger, opened: OpenedLedger) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      const opened = await open();
      try {
        await run(opened.ledger, opened);
      } finally {
        await opened.dispose();
      }
    });
  registering(test);
  presence(test);
  booking(test);
  atOnce(test);
  reading(test);
  closing(test);
  ledgerProperties(name, open);
}

type Test = (
  sentence: string,
  run: (ledger: Ledger, opened: OpenedLedger) => Promise<void>,
) => void;

function registering(test: Test): void {
  const rows: [string, Registration, string, Record<string, number>][] = [
    ["a new name gets its opening balance", registration(bob, 500), "registered", { bob: 500 }],
    ["a new name without opening has nothing", registration(bob, 0), "registered", { bob: 0 }],
    ["the same name and key again", registration(alice, 7, { id: 7 }), "repeated", { alice: 1000 }],
    ["the same name with another key", registration(alice, 7, { key: "other" }), "name_taken", {
      alice: 1000,
    }],
    ["all that can be issued", registration(bob, amountMax - 1000), "registered", {
      bob: amountMax - 1000,
    }],
    ["one more than can be issued", registration(bob, amountMax - 999), "issue_exhausted", {}],
  ];
  for (const [sentence, row, outcome, balances] of rows) {
    test(`register: ${sentence}: ${outcome}`, async (ledger) => {
      await ledger.register(registration(alice, 1000));
      const result = await ledger.register(row);
      assertEquals(result.outcome, outcome);
      if ("account" in result) {
        assertEquals(result.account, (await ledger.account(row.name))!);
        assertEquals(result.account.certificate, certificateOf(row.name));
      }
      for (const [name, balance] of Object.entries(balances)) {
        assertEquals((await ledger.account(name as AccountName))?.balance, balance);
      }
      if (outcome === "issue_exhausted") assertEquals(await ledger.account(bob), undefined);
      assertEquals((await ledger.totals()).balanceSum, 0);
    });
  }

  test("register: the opening is an entry like any other", async (ledger) => {
    const row = registration(alice, 1000);
    await ledger.register(row);
    assertEquals(await ledger.history(alice, { limit: 10 }), [{
      ...row.opening!,
      number: 1,
      payerBalance: -1000,
      payeeBalance: 1000,
      hash: chainHash(ledgerId, entryDigest({ ...row.opening!, number: 1 })),
    }]);
  });

  test("register: two keys ask for one name at once: one gets it", async (ledger) => {
    const keys = Array.from({ length: 10 }, (_, n) => `key ${n}`);
    const outcomes = await Promise.all(
      keys.map((key, id) => ledger.register(registration(alice, 10, { key, id }))),
    );
    assertEquals(outcomes.map(({ outcome }) => outcome), [
      "registered",
      ...Array(9).fill("name_taken"),
    ]);
    assertEquals((await ledger.totals()).entries, 1);
  });
}

function presence(test: Test): void {
  test("presence: unknown, offline, online, twice, offline again", async (ledger) => {
    await ledger.register(registration(alice, 0));
    assertEquals(await ledger.presence(alice), undefined);
    assertEquals((await ledger.bringOnline(presenceOf(nobody))).outcome, "account_unknown");
    assertEquals((await ledger.bringOnline(presenceOf(alice))).outcome, "online");
    assertEquals((await ledger.bringOnline(presenceOf(alice, 9))).outcome, "already_online");
    assertEquals(await ledger.presence(alice), presenceOf(alice));
    await ledger.takeOffline(alice);
    await ledger.takeOffline(alice);
    await ledger.takeOffline(nobody);
    assertEquals(await ledger.presence(alice), undefined);
    assertEquals(await ledger.onlineCount(), 0);
    assertEquals((await ledger.bringOnline(presenceOf(alice, 9))).outcome, "online");
    assertEquals((await ledger.presence(alice))?.privatePort, 9);
  });

  test("presence: who is online, in code-unit order, page by page", async (ledger) => {
    const names = ["a", "a-b", "a.b", "a_b", "ab", "b", "9", "z9"] as AccountName[];
    for (const name of [...names, nobody]) await ledger.register(registration(name, 0));
    await Promise.all(names.map((name) => ledger.bringOnline(presenceOf(name))));
    const sorted = [...names].sort();
    assertEquals(await ledger.onlineCount(), names.length);
    assertEquals((await ledger.online({ limit: 100 })).map(({ name }) => name), sorted);
    assertEquals(await ledger.online({ limit: 0 }), []);
    const pages = [];
    let page = await ledger.online({ limit: 3 });
    while (page.length > 0) {
      pages.push(...page);
      page = await ledger.online({ limit: 3, after: page.at(-1)!.name });
    }
    assertEquals(pages, sorted.map((name) => presenceOf(name)));
  });

  test("presence: off and on in one turn ends as asked last", async (ledger) => {
    await ledger.register(registration(alice, 0));
    await Promise.all([
      ledger.bringOnline(presenceOf(alice)),
      ledger.takeOffline(alice),
      ledger.bringOnline(presenceOf(alice, 3)),
    ]);
    assertEquals((await ledger.presence(alice))?.privatePort, 3);
  });
}

function booking(test: Test): void {
  const first = payment([alice, bob], 300, { id: 1, memo: "lunch" });
  const opening = registration(alice, 1000, { id: 50 });
  const rows: [string, Booking, BookOutcome["outcome"], number][] = [
    ["all the payer has", payment([alice, bob], 700, { id: 2 }), "booked", 0],
    ["one more than the payer has", payment([alice, bob], 701, { id: 2 }), "bankrupt", 700],
    ["the smallest amount", payment([alice, bob], 1, { id: 2 }), "booked", 699],
    ["the same order again", first, "repeated", 700],
    ["the same order, later", { ...first, atMs: noonMs + 5 }, "repeated", 700],
    ["its id, another signature", { ...first, orderJws: "other" }, "id_conflict", 700],
    ["its id, another memo", { ...first, memo: "dinner" }, "id_conflict", 700],
    ["its id, an unknown payer", { ...first, payer: nobody }, "id_conflict", 700],
    ["an opening's id", payment([alice, bob], 1, { id: 50 }), "id_conflict", 700],
    ["an unknown payer", payment([nobody, bob], 1, { id: 2 }), "payer_unknown", 700],
    ["an unknown payee", payment([alice, nobody], 1, { id: 2 }), "payee_unknown", 700],
    ["both unknown", payment([nobody, carol], 1, { id: 2 }), "payer_unknown", 700],
    ["unknown payee and too much", payment([alice, nobody], 9999, { id: 2 }), "payee_unknown", 700],
    ["out of the issuing account", payment(["@issuer", alice], 5, { id: 2 }), "booked", 705],
    ["into the issuing account", payment([alice, "@issuer"], 5, { id: 2 }), "booked", 695],
    [
      "more than can be issued",
      payment(["@issuer", alice], amountMax - 999, { id: 2 }),
      "bankrupt",
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
    ["at no time", payment([alice, bob], 1, { atMs: NaN })],
    ["half a character in the memo", payment([alice, bob], 1, { memo: "\ud83d" })],
    ["a NUL in the memo", payment([alice, bob], 1, { memo: "a\0b" })],
  ];
  for (const [sentence, row] of mistakes) {
    test(`book: ${sentence}: a mistake of the program, and the ledger goes on`, async (ledger) => {
      await ledger.register(opening);
      await ledger.register(registration(bob, 0));
      const [mistake, good] = await Promise.allSettled([ledger.book(row), ledger.book(first)]);
      assertEquals([mistake.status, good.status], ["rejected", "fulfilled"]);
      await assertRejects(() => ledger.book(row), TypeError);
      assertEquals((await ledger.totals()).entries, 2);
    });
  }
  test("book: a registration whose opening is not its own changes nothing", async (ledger) => {
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

function atOnce(test: Test): void {
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

function reading(test: Test): void {
  const bookAll = async (ledger: Ledger) => {
    for (const name of [alice, bob, carol]) await ledger.register(registration(name, 1000));
    // The clock goes back an hour between any two: neither order nor chain depends on it.
    const parties = [[alice, bob], [bob, carol], [carol, alice]] as const;
    for (let id = 0; id < 30; id++) {
      const atMs = noonMs - id * 3_600_000;
      await ledger.book(payment(parties[id % 3]!, id + 1, { id, memo: `no ${id} ✓`, atMs }));
    }
  };

  test("history: newest first, both sides, nobody else's, page by page", async (ledger) => {
    await bookAll(ledger);
    const all = await ledger.history(alice, { limit: 1000 });
    assertEquals(all.length, 21);
    assertEquals(
      all.map(({ number }) => number),
      all.map(({ number }) => number).sort((a, b) => b - a),
    );
    assertEquals(all.filter(({ payer, payee }) => payer !== alice && payee !== alice), []);
    for (const limit of [1, 4, 20, 21, 22]) {
      const pages: Entry[] = [];
      for (let page = await ledger.history(alice, { limit }); page.length > 0;) {
        pages.push(...page);
        page = await ledger.history(alice, { limit, before: page.at(-1)!.number });
      }
      assertEquals(pages, all);
    }
    assertEquals(await ledger.history(alice, { limit: 0 }), []);
    assertEquals(await ledger.history(nobody, { limit: 10 }), []);
    assertEquals(await ledger.history(alice, { limit: 10, before: 1 }), []);
    assertEquals(await ledger.history(alice, { limit: 10, before: 2 }), [all.at(-1)!]);
  });

  test("pages are asked for in whole numbers", async (ledger) => {
    for (const limit of [-1, 1.5, NaN]) {
      await assertRejects(() => ledger.history(alice, { limit }), TypeError);
      await assertRejects(() => ledger.online({ limit }), TypeError);
    }
    await assertRejects(() => ledger.history(alice, { limit: 1, before: -1 }), TypeError);
  });

  test("the chain recomputed from the entries ends at the head", async (ledger) => {
    assertEquals((await ledger.totals()).head, ledgerId);
    await bookAll(ledger);
    const entries = new Map<number, Entry>();
    for (const name of [alice, bob, carol]) {
      for (const entry of await ledger.history(name, { limit: 1000 })) {
        entries.set(entry.number, entry);
      }
    }
    let head = ledgerId;
    for (let number = 1; number <= 33; number++) {
      const entry = entries.get(number)!;
      head = chainHash(head, entryDigest(entry));
      assertEquals(entry.hash, head);
    }
    assertEquals(await ledger.totals(), { accounts: 3, entries: 33, balanceSum: 0, head });
  });

  test("an entry is found by its id, and an unknown id is not", async (ledger) => {
    await bookAll(ledger);
    assertEquals((await ledger.entry(orderId(7)))?.memo, "no 7 ✓");
    assertEquals(await ledger.entry(orderId(77)), undefined);
    assertEquals(await ledger.account(nobody), undefined);
  });
}

function closing(test: Test): void {
  test("closing finishes what is under way, is harmless twice, and is final", async (ledger) => {
    await ledger.register(registration(alice, 10));
    const underWay = ledger.register(registration(bob, 10));
    await ledger.close();
    assertEquals((await underWay).outcome, "registered");
    await ledger.close();
    await assertRejects(() => ledger.account(alice), LedgerError, "closed");
    await assertRejects(() => ledger.book(payment([alice, bob], 1)), LedgerError, "closed");
  });

  test("what was acknowledged is there after closing and opening again", async (ledger, opened) => {
    if (opened.reopen === undefined) return;
    await ledger.register(registration(alice, 1000));
    await ledger.register(registration(bob, 0));
    await ledger.bringOnline(presenceOf(alice));
    for (let id = 0; id < 20; id++) await ledger.book(payment([alice, bob], 7, { id, memo: "é" }));
    const read = async (ledger: Ledger) => ({
      totals: await ledger.totals(),
      accounts: [await ledger.account(alice), await ledger.account(bob)],
      entries: await ledger.history(alice, { limit: 100 }),
    });
    const before = await read(ledger);
    const again = await opened.reopen();
    assertEquals(await read(again), before);
    assertEquals([await again.onlineCount(), await again.presence(alice)], [0, undefined]);
    assertEquals(
      (await again.book(payment([alice, bob], 7, { id: 3, memo: "é" }))).outcome,
      "repeated",
    );
    assertEquals((await again.book(payment([alice, bob], 7, { id: 30 }))).outcome, "booked");
  });
}
