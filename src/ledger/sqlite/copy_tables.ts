/**
 * Copying a ledger row by row, while others use it: `VACUUM INTO` needs to attach a database, which Deno 2.4 forbids, and SQLite's
 * backup call came to Deno later. A copy of the file's bytes would not be one moment of the ledger.
 */
import type { DatabaseSync } from "node:sqlite";

/** In an order that foreign keys allow. */
const tables = ["client", "certificate", "entry", "closure", "reissue"] as const;

/**
 * Puts all rows of a ledger into a new one of the same schema version. Takes no memory that grows with the ledger.
 *
 * @param source inside a read transaction, so that all of it is of one moment
 * @param target freshly made, inside a transaction
 */
export function copyTables(source: DatabaseSync, target: DatabaseSync): void {
  for (const table of tables) {
    const columns = columnsOf(source, table);
    if (columns.length === 0) continue;
    const places = columns.map(() => "?").join(", ");
    // The issuing account's row is in a new ledger already.
    const insert = target.prepare(
      `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${places})`,
    );
    const order = table === "entry" ? "ORDER BY number" : "";
    const select = source.prepare(`SELECT ${columns.join(", ")} FROM ${table} ${order}`);
    select.setReadBigInts(true);
    for (const row of select.iterate()) insert.run(...columns.map((column) => row[column]!));
  }
}

/** None, when there is no such table in this version. */
function columnsOf(database: DatabaseSync, table: string): string[] {
  const rows = database.prepare(`SELECT name FROM pragma_table_info(?)`).all(table);
  return rows.map(({ name }) => String(name));
}
