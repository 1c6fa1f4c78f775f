/**
 * Copies a ledger row by row while others use it. `VACUUM INTO` needs to attach a database, which
 * Deno 2.4 forbids, and SQLite's backup call is newer than that. A copy of the file's bytes would
 * not be of one moment.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { LedgerError, messageOf } from "../../errors.ts";
import { sqliteCondition } from "../../sqlite/sqlite_error.ts";
import { ledgerError } from "./ledger_error.ts";
import { wholeText } from "../../sqlite/whole_text.ts";
import { streamRows } from "./stream_rows.ts";

/**
 * In the order of foreign keys. The tables of a group share their row numbers, and are copied in
 * that order.
 */
const groups = [
  ["client"],
  ["certificate"],
  ["entry", "account_change"],
  ["voided_order"],
  ["void_floor"],
  ["invitation"],
] as const;
type Table = (typeof groups)[number][number];

/**
 * Copies all rows of a ledger into a new one of the same schema version, with bounded memory. The
 * new file has all rules of the schema from the start, so an invalid row fails.
 *
 * @param source in a read transaction, so that all rows are of one moment; `file` is its path
 * @param target a new ledger, in a transaction
 * @throws {LedgerError} when the source cannot be read, or breaks the rules of a ledger
 * @throws the error of SQLite when the target cannot be written
 */
export function copyTables(
  source: { readonly database: DatabaseSync; readonly file: string },
  target: DatabaseSync,
): void {
  // The source has its own row for the issuing account.
  target.prepare("DELETE FROM client").run();
  for (const tables of groups) copyGroup(tables, source, target);
}

interface Copying {
  readonly table: Table;
  readonly columns: readonly string[];
  readonly insert: StatementSync;
  readonly rows: Iterator<Row>;
  /** The next row. */
  next: IteratorResult<Row>;
}

type Row = Record<string, SQLOutputValue>;

function copyGroup(
  tables: readonly Table[],
  { database, file }: { readonly database: DatabaseSync; readonly file: string },
  target: DatabaseSync,
): void {
  const read = (rows: Iterator<Row>) => {
    try {
      return rows.next();
    } catch (error) {
      throw ledgerError(`cannot read the ledger ${file}`, error);
    }
  };
  const copyings = tables.flatMap((table): Copying[] => {
    const columns = columnsOf(target, table);
    if (columns.length === 0) return [];
    const places = columns.map(() => "?").join(", ");
    const insert = target.prepare(
      `INSERT INTO ${table} (${columns.map(({ name }) => name).join(", ")}) VALUES (${places})`,
    );
    const order = tables.length === 1 ? "" : "NOT INDEXED ORDER BY number";
    const selection = columns.map(({ name, type }) => type === "TEXT" ? wholeText(name) : name);
    const rows = streamRows(database, `SELECT ${selection.join(", ")} FROM ${table} ${order}`);
    const names = columns.map(({ name }) => name);
    return [{ table, columns: names, insert, rows, next: read(rows) }];
  });
  for (;;) {
    const [first] = copyings.filter(({ next }) => !next.done)
      .sort((one, other) => Number(one.next.value.number) - Number(other.next.value.number));
    if (first === undefined) return;
    const { table, columns, insert, rows, next } = first;
    try {
      insert.run(...columns.map((column) => next.value[column]!));
    } catch (error) {
      if (sqliteCondition(error) !== "refused") throw error;
      throw new LedgerError(
        `cannot copy the ledger ${file}: a row of its table ${table} breaks the rules of a ledger ` +
          `(${messageOf(error)}); audit it`,
        { cause: error },
      );
    }
    first.next = read(rows);
  }
}

/** Returns a table's columns, none when this version does not have the table. */
function columnsOf(database: DatabaseSync, table: string): { name: string; type: string }[] {
  const rows = database.prepare(`SELECT name, type FROM pragma_table_info(?)`).all(table);
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}
