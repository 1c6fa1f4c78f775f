import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { FileError, LedgerError } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { alice, bob, ledgerId, orderId, payment } from "../ledger_samples.ts";
import { inFolder, registerBoth } from "./temporary_ledger.ts";

const shapeSql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";

/** A ledger of version 1, as it was made before there were refunds, with one payment in it. */
async function makeFirstVersion(file: string): Promise<void> {
  const ledger = await openSqliteLedger({ file, ledgerId });
  await registerBoth(ledger);
  await ledger.book(payment([alice, bob], 300, { id: 1 }));
  await ledger.close();
  const database = new DatabaseSync(file);
  for (
    const sql of [
      "DROP TABLE closure",
      "DROP TABLE reissue",
      "DROP INDEX entry_refunds",
      "ALTER TABLE entry DROP COLUMN refunds",
      "PRAGMA user_version = 1",
    ]
  ) database.prepare(sql).run();
  database.close();
}

Deno.test("a ledger of the first version is brought up to date, and kept as it was beside", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeFirstVersion(file);
    const ledger = await openSqliteLedger({ file, ledgerId });
    const refund = { ...payment([bob, alice], 100, { id: 2 }), kind: "refund" as const };
    const result = await ledger.book({ ...refund, refunds: orderId(1) });
    assertEquals(result.outcome, "booked");
    await ledger.close();

    const [migrated, fresh, kept] = [file, `${folder}/fresh.db`, `${file}.schema-1`];
    await (await openSqliteLedger({ file: fresh, ledgerId })).close();
    assertEquals(rows(migrated, shapeSql), rows(fresh, shapeSql));
    assertEquals(rows(kept, "PRAGMA user_version"), [{ user_version: 1 }]);
    assertEquals(rows(kept, "SELECT count(*) AS count FROM entry"), [{ count: 2 }]);
    assertEquals(Deno.statSync(kept).mode! & 0o777, 0o600);
  }));

Deno.test("without a place for the copy nothing is migrated", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeFirstVersion(file);
    Deno.writeTextFileSync(`${file}.schema-1`, "taken");
    await assertRejects(() => openSqliteLedger({ file, ledgerId }), FileError, "never overwritten");
    assertEquals(rows(file, "PRAGMA user_version"), [{ user_version: 1 }]);
  }));

Deno.test("a tool beside a server does not migrate, it says who does", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    await makeFirstVersion(file);
    const sentence = "start its server once";
    await assertRejects(
      () => openSqliteLedger({ file, ledgerId, serve: false }),
      LedgerError,
      sentence,
    );
    assertThrows(() => openSqliteSnapshot({ file }), LedgerError, sentence);
  }));

function rows(file: string, sql: string): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}
