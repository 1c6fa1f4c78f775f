/**
 * Copying a ledger row by row, while others use it: `VACUUM INTO` needs to attach a database, which Deno 2.4 forbids, and SQLite's
 * backup call came to Deno later. A copy of the file's bytes would not be one moment of the ledger.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { LedgerError, messageOf } from "../../errors.ts";
import { sqliteCondition } from "../../sqlite/sqlite_error.ts";
import { ledgerError } from "./ledger_error.ts";
import { wholeText } from "../../sqlite/whole_text.ts";
import { streamRows } from "./stream_rows.ts";

/** In an order that foreign keys allow. Each group is copied in the order of its rows' numbers, which its tables share. */
const groups = [
  ["client"],
  ["certificate"],
  ["entry", "account_change"],
  ["voided_order"],
  ["void_floor"],
] as const;
type Table = (typeof groups)[number][number];

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
  for (const tables of groups) copyGroup(tables, source, target);
}

interface Copying {
  readonly table: Table;
  readonly columns: readonly string[];
  readonly insert: StatementSync;
  readonly rows: Iterator<Row>;
  /** The row that comes next. */
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
        `cannot copy the ledger ${file}: a row of its table ${table} is none of a ledger ` +
          `(${messageOf(error)}); audit it`,
        { cause: error },
      );
    }
    first.next = read(rows);
  }
}

/** None, when there is no such table in this version. */
function columnsOf(database: DatabaseSync, table: string): { name: string; type: string }[] {
  const rows = database.prepare(`SELECT name, type FROM pragma_table_info(?)`).all(table);
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}
