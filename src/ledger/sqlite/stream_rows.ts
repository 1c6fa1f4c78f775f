/** Reading any number of rows, one at a time. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/**
 * What is being read now. Before Deno 2.9 a statement that nobody refers to is collected while its iterator runs, and with it
 * goes the process: a local variable is not enough, because the engine sees that it is not used again.
 */
const reading = new Set<readonly [DatabaseSync, StatementSync]>();

/**
 * Yields the rows of a query as SQLite finds them, so that memory does not grow with their number. An integer comes as `bigint`
 * when it is past 2^53, which this program never writes: it has to be seen, not to stop the reading.
 *
 * @throws whatever SQLite throws
 */
export function* streamRows(
  database: DatabaseSync,
  sql: string,
  values: readonly SQLInputValue[] = [],
): Generator<Record<string, SQLOutputValue>> {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  const held = [database, statement] as const;
  reading.add(held);
  try {
    for (const row of statement.iterate(...values)) yield narrow(row);
  } finally {
    reading.delete(held);
  }
}

/** Integers as numbers wherever a number holds them exactly. */
export function narrow(row: Record<string, SQLOutputValue>): Record<string, SQLOutputValue> {
  for (const column in row) {
    const value = row[column];
    if (typeof value !== "bigint") continue;
    const number = Number(value);
    if (Number.isSafeInteger(number)) row[column] = number;
  }
  return row;
}
