import { batchOperationsMax } from "../../../src/limits.ts";
import { assertEquals, assertInstanceOf, assertNotEquals, assertRejects } from "@std/assert";
import { LedgerBusyError, LedgerError } from "../../../src/errors.ts";
import {
  alice,
  bob,
  closeAccount,
  payment,
  presenceOf,
  registration,
  reissueOf,
  revoke,
} from "../ledger_samples.ts";
import { commitsIn } from "./commits_in.ts";
import { otherConnection, withLedger } from "./temporary_ledger.ts";

const rows: [string, number, number][] = [
  ["one booking", 1, 1],
  ["as many bookings as a batch takes", batchOperationsMax, 1],
  ["one more than a batch takes", batchOperationsMax + 1, 2],
];
for (const [sentence, count, commits] of rows) {
  Deno.test(`${sentence}, asked for at once, take ${commits} real commits`, () =>
    withLedger(async ({ file, ledger }) => {
      const before = commitsIn(`${file}-wal`);
      const payments = Array.from({ length: count }, (_, id) => payment([alice, bob], 1, { id }));
      const outcomes = await Promise.all(payments.map((row) => ledger.book(row)));
      assertEquals(new Set(outcomes.map(({ outcome }) => outcome)), new Set(["booked"]));
      assertEquals(commitsIn(`${file}-wal`) - before, commits);
    }));
}

Deno.test("bookings that wait for each other take one commit each", () =>
  withLedger(async ({ file, ledger }) => {
    const before = commitsIn(`${file}-wal`);
    for (let id = 0; id < 5; id++) await ledger.book(payment([alice, bob], 1, { id }));
    assertEquals(commitsIn(`${file}-wal`) - before, 5);
  }));

Deno.test("others see acknowledged bookings, and no uncommitted ones", () =>
  withLedger(async ({ file, ledger }) => {
    const booking = ledger.book(payment([alice, bob], 5));
    assertEquals((await ledger.account(bob))?.balance, 0);
    await booking;
    assertEquals((await ledger.account(bob))?.balance, 5);
    using other = otherConnection(file);
    assertEquals(other.value("SELECT balance FROM client WHERE username = 'bob'"), 5);
  }));

Deno.test("nothing is booked while another program holds the lock, and bookings continue afterwards", () =>
  withLedger(async ({ file, ledger }) => {
    using other = otherConnection(file);
    await ledger.bringOnline(presenceOf(alice));
    other.run("BEGIN IMMEDIATE");
    const refused = await Promise.allSettled([
      ledger.book(payment([alice, bob], 1, { id: 1 })),
      ledger.book(payment([alice, bob], 1, { id: 2 })),
    ]);
    for (const result of refused) {
      assertEquals(result.status, "rejected");
      assertInstanceOf((result as PromiseRejectedResult).reason, LedgerBusyError);
    }
    await ledger.takeOffline(alice);
    assertEquals((await ledger.account(alice))?.balance, 1_000_000);
    other.run("ROLLBACK");
    assertEquals((await ledger.book(payment([alice, bob], 1, { id: 1 }))).outcome, "booked");
    assertEquals(await ledger.presence(alice), undefined, "leaving is made good");
    assertEquals((await ledger.totals()).entries, 2);
  }));

Deno.test("a write by another program is seen, and the chain continues after it", () =>
  withLedger(async ({ file, ledger, openBeside }) => {
    const tool = await openBeside();
    await tool.book(payment(["@issuer", bob], 50, { id: 1, kind: "deposit" }));
    const result = await ledger.book(payment([bob, alice], 50, { id: 2 }));
    assertEquals(result.outcome === "booked" && result.entry.number, 3);
    await tool.close();
    using other = otherConnection(file);
    assertEquals(other.value("SELECT sum(balance) FROM client"), 0);
  }));

Deno.test("the revision changes with another program's writes, and not with one's own", () =>
  withLedger(async ({ ledger, openBeside }) => {
    const tool = await openBeside();
    const first = await ledger.revision();
    await ledger.book(payment([alice, bob], 50, { id: 1 }));
    await ledger.account(bob);
    assertEquals(await ledger.revision(), first);
    assertNotEquals(await tool.revision(), undefined);
    await revoke(tool, bob, "c0".repeat(32));
    const second = await ledger.revision();
    assertNotEquals(second, first);
    assertEquals(await ledger.revision(), second);
    await tool.close();
  }));

Deno.test("a revocation or closure by a tool beside the server takes effect at once", () =>
  withLedger(async ({ ledger, openBeside }) => {
    const tool = await openBeside();
    await ledger.bringOnline(presenceOf(alice));
    await ledger.bringOnline(presenceOf(bob));
    await revoke(tool, bob, "c0".repeat(32));
    await closeAccount(tool, alice);
    assertEquals([await ledger.onlineCount(), await ledger.presence(bob)], [0, undefined]);
    assertEquals((await ledger.account(bob))?.certificate, undefined);
    assertEquals((await ledger.bringOnline(presenceOf(bob))).outcome, "account_unknown");
    assertEquals((await ledger.book(payment([alice, bob], 1))).outcome, "account_closed");
    const another = registration(bob, 0, { key: "new" });
    const row = await reissueOf(ledger, another, "c0".repeat(32));
    assertEquals((await ledger.register(row)).outcome, "reissued");
    await tool.close();
  }));

const broken: [string, string][] = [
  ["a missing table", "ALTER TABLE entry RENAME TO other"],
  ["a number past 2^53", "UPDATE entry SET amount = 9007199254740993"],
  ["an invalid time", "UPDATE entry SET at = 'noon'"],
];
for (const [sentence, sql] of broken) {
  Deno.test(`${sentence} stops the ledger for good`, () =>
    withLedger(async ({ file, ledger }) => {
      using other = otherConnection(file);
      other.run("DROP TRIGGER entry_unchanged");
      other.run("PRAGMA ignore_check_constraints = ON");
      other.run(sql);
      await assertRejects(() => ledger.history(alice, { limit: 1 }), LedgerError);
      for (const sentence of ["the first time", "for good"]) {
        await assertRejects(() => ledger.account(alice), LedgerError, undefined, sentence);
        await assertRejects(() => ledger.book(payment([alice, bob], 1)), LedgerError);
        await assertRejects(() => ledger.takeOffline(alice), LedgerError);
      }
    }));
}

Deno.test("a row that the schema refuses is undone alone, and stops the ledger after the commit", () =>
  withLedger(async ({ file, ledger }) => {
    using other = otherConnection(file);
    other.run("UPDATE client SET balance = 9007199254740991 WHERE username = 'bob'");
    const results = await Promise.allSettled([
      ledger.book(payment([alice, "@issuer"], 1, { id: 1, kind: "withdrawal" })),
      ledger.book(payment([alice, bob], 1, { id: 2 })),
      ledger.book(payment([alice, "@issuer"], 1, { id: 3, kind: "withdrawal" })),
    ]);
    assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assertInstanceOf((results[1] as PromiseRejectedResult).reason, LedgerError);
    assertEquals(other.value("SELECT group_concat(amount) FROM entry WHERE number > 1"), "1,1");
    await assertRejects(() => ledger.account(alice), LedgerError);
  }));

Deno.test("an open ledger whose file is deleted or replaced acknowledges nothing more", () =>
  withLedger(async ({ file, ledger }) => {
    Deno.renameSync(file, `${file}.old`);
    const book = () => ledger.book(payment([alice, bob], 1));
    await assertRejects(book, LedgerError, "moved or deleted while in use");
    Deno.renameSync(`${file}.old`, file);
    await assertRejects(book, LedgerError);
  }));
