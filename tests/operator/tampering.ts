/** Changing a ledger's file behind the program's back. */
import { DatabaseSync } from "node:sqlite";

/** What keeps the ledger append-only. */
export const triggerNames = ["entry", "account_change"].flatMap((table) =>
  ["appended", "unchanged", "kept"].map((what) => `${table}_${what}`)
);

/** The statements with the triggers out of their way, which are put back afterwards, word for word. */
export function withoutTriggers(file: string, statements: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  const triggers = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").all();
  database.close();
  return [
    ...triggerNames.map((name) => `DROP TRIGGER ${name};`),
    `${statements};`,
    ...triggers.map(({ sql }) => `${sql};`),
  ].join("\n");
}

/** As somebody with a database tool, and without our rules, would do it. */
export function change(file: string, sql: string): void {
  // Newer runtimes keep the schema from being written to unless they are told not to; older ones know no such option.
  const options = { enableForeignKeyConstraints: false, defensive: false };
  const database = new DatabaseSync(file, options);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}
