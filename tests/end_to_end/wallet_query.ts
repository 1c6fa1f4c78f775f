/**
 * What a person does to a wallet with `sqlite3`.
 */
import { DatabaseSync } from "node:sqlite";
import type { Scene } from "./driver.ts";

/** @returns the first column of each row */
export function walletQuery(
  scene: Scene,
  person: string,
  statement: string,
  ...values: string[]
): unknown[] {
  const database = new DatabaseSync(`${scene.home(person)}/wallet.db`);
  try {
    return database.prepare(statement).all(...values).map((row) => Object.values(row)[0]);
  } finally {
    database.close();
  }
}
