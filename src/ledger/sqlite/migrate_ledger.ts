/**
 * Bringing an older ledger up to date at the start of its server.
 */
import type { DatabaseSync } from "node:sqlite";
import { MicropayError } from "../../errors.ts";
import { copyTables } from "./copy_tables.ts";
import { createLedgerFile } from "./create_ledger_file.ts";
import { connect, type LedgerFileMarks } from "./ledger_file.ts";
import { migrations, migrationStatements, schemaVersion } from "./schema.ts";
import { ledgerError } from "./sqlite_error.ts";

/** Where the ledger as it was is kept. */
export function keptCopyFile(file: string, version: number): string {
  return `${file}.schema-${version}`;
}

/**
 * Keeps a copy of the ledger as it is, then migrates it in one transaction: killed at any moment, it is of the old version or of
 * the new one. To be called under the serving lock. Does nothing to a ledger that is up to date.
 *
 * @throws {FileError} when the copy cannot be made, or is there already
 * @throws {LedgerFullError} when there is no room; {LedgerError} when it is damaged
 */
export function migrateLedger(file: string, { ledgerId, version }: LedgerFileMarks): void {
  if (version === schemaVersion) return;
  const attempt = `cannot bring the ledger ${file} from schema ${version} to ${schemaVersion}`;
  const database = connect(file, { readOnly: false });
  try {
    // From here on nobody else writes: what is copied is what is migrated.
    database.prepare("PRAGMA synchronous = FULL").get();
    database.prepare("BEGIN IMMEDIATE").run();
    const kept = keptCopyFile(file, version);
    createLedgerFile(kept, ledgerId, { version, fill: (copy) => copyTables(database, copy) });
    for (const migration of migrations.slice(version - 1)) {
      run(database, migrationStatements(migration));
    }
    database.prepare("COMMIT").run();
  } catch (error) {
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  } finally {
    database.close();
  }
}

function run(database: DatabaseSync, statements: readonly string[]): void {
  for (const statement of statements) database.prepare(statement).run();
}
