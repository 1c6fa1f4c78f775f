/** Ledgers of schema version 1, from a fixed text: what this program makes now is no proof of what it made then. */
import { DatabaseSync } from "node:sqlite";

const sql = Deno.readTextFileSync(new URL("first_version.sql", import.meta.url));

export interface FirstVersionOptions {
  /** Payments of one unit after those in the text, so that a migration takes a while. */
  readonly payments?: number;
}

export function makeFirstVersion(
  file: string,
  { payments = 0 }: FirstVersionOptions = {},
): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.exec("BEGIN");
  const add = database.prepare(
    `INSERT INTO entry SELECT number + 1, 'more ' || number, kind, payer, payee, 1, memo, order_jws, at,
      payer_balance - 1, payee_balance + 1, hash FROM entry ORDER BY number DESC LIMIT 1`,
  );
  for (let count = 0; count < payments; count++) add.run();
  database.exec("COMMIT");
  database.close();
}

/** All rows of a query, by a connection that cannot write. */
export function rowsOf(file: string, query: string): Record<string, unknown>[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(query).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}
