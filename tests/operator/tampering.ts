/**
 * Changes to a ledger's file behind the program's back.
 */
import { DatabaseSync } from "node:sqlite";

/** The triggers that keep the ledger append-only. */
export const triggerNames = ["entry", "account_change"].flatMap((table) =>
  ["appended", "unchanged", "kept"].map((what) => `${table}_${what}`)
);

/**
 * @returns the statements between others that drop the triggers and restore them, word for word.
 * The checks of the columns do not run
 */
export function withoutTriggers(file: string, statements: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  const triggers = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").all();
  database.close();
  return [
    "PRAGMA ignore_check_constraints = ON;",
    ...triggerNames.map((name) => `DROP TRIGGER ${name};`),
    `${statements};`,
    ...triggers.map(({ sql }) => `${sql};`),
  ].join("\n");
}

/** Runs statements as a database tool does, without our rules. */
export function change(file: string, sql: string): void {
  // Newer runtimes protect the schema by default. Older ones do not know this option.
  const options = { enableForeignKeyConstraints: false, defensive: false };
  const database = new DatabaseSync(file, options);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}
