/**
 * The plans of the ledger's statements. A scan would make a command or request slower with every
 * entry, and no test by the clock would notice that early.
 */
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { ofOneAccount } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { prepareStatements } from "../../../src/ledger/sqlite/statements.ts";
import { withLedger } from "./temporary_ledger.ts";

/** The statements that scan tables, and which ones. All others find their rows by an index. */
const scanning: Readonly<Record<string, readonly string[]>> = {
  // A start and an operator's change count all rows, because one may have been deleted.
  numbering: ["account_change", "account_change", "entry"],
  // Totals are for tests and simulations.
  entryCount: ["entry"],
  clientTotals: ["client"],
  // A registration counts the accounts, because their number is limited.
  accountCount: ["client"],
  // These read an index of the members that are online.
  onlineCount: ["client"],
  takeAllOffline: ["client"],
  // It stops at the first row.
  lastStatement: ["account_change"],
};

/** Returns the tables whose rows a statement reads one after the other, sorted. */
function scannedTables(database: DatabaseSync, sql: string): string[] {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  return steps.flatMap(({ detail }) => {
    const table = /^SCAN (entry|account_change|certificate|client|voided_order|void_floor|change)\b/
      .exec(String(detail))?.[1];
    return table ? [table] : [];
  }).sort();
}

Deno.test("only the named statements of the ledger scan a table", () =>
  withLedger(({ file }) => {
    const database = new DatabaseSync(file);
    try {
      const sources = Object.entries(prepareStatements(database))
        .map(([name, { sourceSQL }]) => [name, sourceSQL] as const);
      assertEquals(sources.length > 30, true);
      const found = [...sources, ...Object.entries(ofOneAccount)]
        .map(([name, sql]) => [name, scannedTables(database, sql)] as const)
        .filter(([, tables]) => tables.length > 0);
      assertEquals(Object.fromEntries(found), scanning);
    } finally {
      database.close();
    }
    return Promise.resolve();
  }));
