/** Reads any number of rows, one at a time. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/**
 * The running reads. Before Deno 2.9, an unreferenced statement is collected while its iterator
 * runs, which crashes the process. A local variable does not help, because the engine sees that it
 * is unused.
 */
const reading = new Set<readonly [DatabaseSync, StatementSync]>();

/**
 * Yields the rows of a query one by one, with bounded memory. An integer past 2^53 comes as
 * `bigint`. This program never writes one, but it must not stop the reading.
 *
 * @throws the error of SQLite
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

/** Returns a row whose integers are numbers where a number is exact. */
export function narrow(row: Record<string, SQLOutputValue>): Record<string, SQLOutputValue> {
  for (const column in row) {
    const value = row[column];
    if (typeof value !== "bigint") continue;
    const number = Number(value);
    if (Number.isSafeInteger(number)) row[column] = number;
  }
  return row;
}
