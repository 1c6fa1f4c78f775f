/**
 * Copying a ledger row by row, while others use it: `VACUUM INTO` needs to attach a database, which Deno 2.4 forbids, and SQLite's
 * backup call came to Deno later. A copy of the file's bytes would not be one moment of the ledger.
 */
import type { DatabaseSync } from "node:sqlite";
import { LedgerError, messageOf } from "../../errors.ts";
import { ledgerError, sqliteCondition } from "./sqlite_error.ts";
import { streamRows } from "./stream_rows.ts";

/** In an order that foreign keys allow. */
const tables = [
  "client",
  "certificate",
  "entry",
  "closure",
  "reissue",
  "voided_order",
  "void_floor",
] as const;

/**
 * Puts all rows of a ledger into a new one of the same schema version. Takes no memory that grows with the ledger.
 *
 * The new file has its rules from the start, so what a ledger of ours cannot hold is not copied in silence.
 *
 * @param source inside a read transaction, so that all of it is of one moment; `file` is its path
 * @param target freshly made, inside a transaction
 * @throws {LedgerError} when the source cannot be read, or holds what breaks the rules of a ledger
 * @throws what SQLite throws when the target cannot be written
 */
export function copyTables(
  source: { readonly database: DatabaseSync; readonly file: string },
  target: DatabaseSync,
): void {
  // The new ledger's own row of the issuing account; it comes with its balance.
  target.prepare("DELETE FROM client").run();
  for (const table of tables) copyTable(table, source, target);
}

function copyTable(
  table: (typeof tables)[number],
  { database, file }: { readonly database: DatabaseSync; readonly file: string },
  target: DatabaseSync,
): void {
  const columns = columnsOf(target, table);
  if (columns.length === 0) return;
  const places = columns.map(() => "?").join(", ");
  const insert = target.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`);
  const order = table === "entry" ? "NOT INDEXED ORDER BY number" : "";
  const rows = streamRows(database, `SELECT ${columns.join(", ")} FROM ${table} ${order}`);
  for (;;) {
    let next: ReturnType<typeof rows.next>;
    try {
      next = rows.next();
    } catch (error) {
      throw ledgerError(`cannot read the ledger ${file}`, error);
    }
    if (next.done) return;
    const row = next.value;
    try {
      insert.run(...columns.map((column) => row[column]!));
    } catch (error) {
      if (sqliteCondition(error) !== "refused") throw error;
      throw new LedgerError(
        `cannot copy the ledger ${file}: a row of its table ${table} is none of a ledger ` +
          `(${messageOf(error)}); audit it`,
        { cause: error },
      );
    }
  }
}

/** None, when there is no such table in this version. */
function columnsOf(database: DatabaseSync, table: string): string[] {
  const rows = database.prepare(`SELECT name FROM pragma_table_info(?)`).all(table);
  return rows.map(({ name }) => String(name));
}
