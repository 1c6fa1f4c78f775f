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
export type LedgerTable = (typeof groups)[number][number];

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

/** The rows of a ledger in another store. All are of one moment. */
export interface RowSource {
  /** What messages call the ledger. */
  readonly name: string;
  /** Yields the rows of a table in their order, as they are, in pages. */
  rows(table: LedgerTable, columns: readonly string[]): AsyncIterable<Row[]>;
}

/**
 * Copies all rows of another store into a new ledger, as {@link copyTables} does.
 *
 * @throws as {@link copyTables}
 */
export async function copyFromStore(source: RowSource, target: DatabaseSync): Promise<void> {
  target.prepare("DELETE FROM client").run();
  for (const tables of groups) {
    const copyings = await Promise.all(tables.map(async (table) => {
      const writer = new TableWriter(target, table, source.name);
      const rows = singly(source.rows(table, writer.columns));
      return { writer, rows, next: await rows.next() };
    }));
    for (let first; (first = lowest(copyings)) !== undefined;) {
      first.writer.insert(first.next.value as Row);
      first.next = await first.rows.next();
    }
  }
}

async function* singly(pages: AsyncIterable<Row[]>): AsyncGenerator<Row> {
  for await (const page of pages) yield* page;
}

interface Copying {
  readonly writer: TableWriter;
  readonly rows: Iterator<Row>;
  /** The next row. */
  next: IteratorResult<Row>;
}

type Row = Record<string, SQLOutputValue>;

/** Returns the table whose next row has the lowest number, or `undefined` when all are copied. */
function lowest<One extends { readonly next: IteratorResult<Row> }>(
  copyings: readonly One[],
): One | undefined {
  const numberOf = ({ next }: One) => Number((next.value as Row).number);
  return copyings.filter(({ next }) => !next.done)
    .sort((one, other) => numberOf(one) - numberOf(other))[0];
}

/** Writes rows into a table of the new ledger. */
class TableWriter {
  readonly columns: readonly string[];
  readonly #table: LedgerTable;
  readonly #insert: StatementSync;
  readonly #source: string;

  constructor(target: DatabaseSync, table: LedgerTable, source: string) {
    this.#table = table;
    this.#source = source;
    this.columns = columnsOf(target, table).map(({ name }) => name);
    const places = this.columns.map(() => "?").join(", ");
    this.#insert = target.prepare(
      `INSERT INTO ${table} (${this.columns.join(", ")}) VALUES (${places})`,
    );
  }

  /** @throws {LedgerError} when the row breaks the rules of a ledger */
  insert(row: Row): void {
    try {
      this.#insert.run(...this.columns.map((column) => row[column]!));
    } catch (error) {
      if (sqliteCondition(error) !== "refused") throw error;
      throw new LedgerError(
        `cannot copy the ledger ${this.#source}: a row of its table ${this.#table} breaks the ` +
          `rules of a ledger (${messageOf(error)}); audit it`,
        { cause: error },
      );
    }
  }
}

function copyGroup(
  tables: readonly LedgerTable[],
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
    const writer = new TableWriter(target, table, file);
    const order = tables.length === 1 ? "" : "NOT INDEXED ORDER BY number";
    const selection = columns.map(({ name, type }) => type === "TEXT" ? wholeText(name) : name);
    const rows = streamRows(database, `SELECT ${selection.join(", ")} FROM ${table} ${order}`);
    return [{ writer, rows, next: read(rows) }];
  });
  for (let first; (first = lowest(copyings)) !== undefined;) {
    first.writer.insert(first.next.value as Row);
    first.next = read(first.rows);
  }
}

/** Returns a table's columns, none when this version does not have the table. */
function columnsOf(database: DatabaseSync, table: string): { name: string; type: string }[] {
  const rows = database.prepare(`SELECT name, type FROM pragma_table_info(?)`).all(table);
  return rows.map(({ name, type }) => ({ name: String(name), type: String(type) }));
}
