/** Copies all rows of a ledger from one store to another, with bounded memory. */
import { LedgerError } from "../errors.ts";
import type { StoredValue } from "./snapshot.ts";

/** A row by column name, with the values of the store. */
export type CopiedRow = Readonly<Record<string, StoredValue>>;

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

/** The rows of a ledger. All are of one moment. */
export interface RowSource {
  /** What messages call the ledger. */
  readonly name: string;
  /** Yields the rows of a table in their order, as they are, in pages. */
  rows(table: LedgerTable, columns: readonly string[]): AsyncIterable<CopiedRow[]>;
}

/** A new ledger that takes rows. */
export interface RowTarget {
  /** Returns the columns of a table, none when its schema does not have the table. */
  columnsOf(table: LedgerTable): readonly string[] | Promise<readonly string[]>;
  /**
   * Adds rows after those before them.
   *
   * @throws {LedgerError} when a row breaks the rules of a ledger
   */
  add(table: LedgerTable, rows: readonly CopiedRow[]): void | Promise<void>;
}

/**
 * Copies all rows. The caller finishes the target.
 *
 * @param onRows gets the number of rows that were copied since the last call, and may throw to end
 * the copy
 * @throws {LedgerError} when the source cannot be read, or a row breaks the rules of a ledger
 * @throws the error of the target's store
 */
export async function copyRows(
  source: RowSource,
  target: RowTarget,
  onRows: (rows: number) => void = () => {},
): Promise<void> {
  for (const tables of groups) {
    const streams: RowStream[] = [];
    try {
      for (const table of tables) {
        const columns = await target.columnsOf(table);
        if (columns.length === 0) continue;
        streams.push(await RowStream.open(table, source.rows(table, columns)));
      }
      await copyStreams(streams, target, onRows);
    } finally {
      for (const stream of streams) await stream.close();
    }
  }
}

/** Returns the error for a row that breaks the rules of a ledger. */
export function brokenRow(
  source: string,
  { table, reason, cause }: {
    readonly table: LedgerTable;
    readonly reason: string;
    readonly cause?: unknown;
  },
): LedgerError {
  return new LedgerError(
    `cannot copy the ledger ${source}: a row of its table ${table} breaks the rules of a ledger ` +
      `(${reason}); audit it`,
    { cause },
  );
}

/** Copies streams by the numbers of their rows, the lowest first. */
async function copyStreams(
  streams: readonly RowStream[],
  target: RowTarget,
  onRows: (rows: number) => void,
): Promise<void> {
  for (;;) {
    const [first, second] = streams.filter(({ isAtEnd }) => !isAtEnd)
      .sort((one, other) => one.number - other.number);
    if (first === undefined) return;
    const rows = first.takeUpTo(second === undefined ? Infinity : second.number);
    await target.add(first.table, rows);
    onRows(rows.length);
    await first.fill();
  }
}

/** The rows of a table, one page at a time. */
class RowStream {
  readonly table: LedgerTable;
  readonly #pages: AsyncIterator<CopiedRow[]>;
  #page: readonly CopiedRow[] = [];
  #next = 0;

  private constructor(table: LedgerTable, pages: AsyncIterable<CopiedRow[]>) {
    this.table = table;
    this.#pages = pages[Symbol.asyncIterator]();
  }

  static async open(
    table: LedgerTable,
    pages: AsyncIterable<CopiedRow[]>,
  ): Promise<RowStream> {
    const stream = new RowStream(table, pages);
    await stream.fill();
    return stream;
  }

  get isAtEnd(): boolean {
    return this.#next === this.#page.length;
  }

  /** The number of the next row. */
  get number(): number {
    return Number(this.#page[this.#next]!.number);
  }

  /** Returns the next row, and those after it below a number, as far as they are read. */
  takeUpTo(limit: number): CopiedRow[] {
    const from = this.#next++;
    while (!this.isAtEnd && !(this.number >= limit)) this.#next++;
    return this.#page.slice(from, this.#next);
  }

  /** Reads the next page when all rows of this one were taken. */
  async fill(): Promise<void> {
    if (!this.isAtEnd) return;
    const { done, value } = await this.#pages.next();
    [this.#page, this.#next] = [done ? [] : value, 0];
  }

  async close(): Promise<void> {
    await this.#pages.return?.();
  }
}
