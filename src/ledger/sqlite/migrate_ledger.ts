/**
 * Bringing an older ledger up to date at the start of its server.
 */
import { keptCopiesMax } from "../../limits.ts";
import type { DatabaseSync } from "node:sqlite";
import { isThere, removeIfThere } from "../../durable_files.ts";
import { FileError, MicropayError } from "../../errors.ts";
import { copyTables } from "./copy_tables.ts";
import { createLedgerFile } from "./create_ledger_file.ts";
import { connect, type LedgerFileMarks } from "./ledger_file.ts";
import { type Migration, migrations, migrationStatements } from "./schema.ts";
import { ledgerError } from "./ledger_error.ts";

/**
 * Keeps a copy of the ledger as it is, then migrates it in one transaction: killed at any moment, it is of the old version or of
 * the new one. To be called under the ledger's lock. Does nothing to a ledger that is up to date.
 *
 * @param steps those of this program unless told
 * @returns where the ledger as it was is kept; `undefined` when it is up to date
 * @throws {FileError} when the copy cannot be made
 * @throws {LedgerFullError} when there is no room; {LedgerError} when it is damaged. It is then as it was.
 */
export function migrateLedger(
  file: string,
  { ledgerId, version }: LedgerFileMarks,
  steps: readonly Migration[] = migrations,
): string | undefined {
  const ahead = steps.filter((step) => step.version > version);
  if (ahead.length === 0) return undefined;
  const attempt = `cannot bring the ledger ${file} from schema ${version} to ${
    ahead.at(-1)!.version
  }`;
  const database = connect(file, { readOnly: false });
  try {
    database.prepare("PRAGMA synchronous = FULL").get();
    database.prepare("PRAGMA fullfsync = ON").get();
    // From here on nobody else writes: what is copied is what is migrated.
    database.prepare("BEGIN IMMEDIATE").run();
    const kept = freeCopyFile(file, { version, attempt });
    const fill = (copy: DatabaseSync) => copyTables({ database, file }, copy);
    createLedgerFile(kept, ledgerId, { attempt, version, fill });
    try {
      migrate(database, ahead);
    } catch (error) {
      // A copy of what stays as it is serves nobody, and a server that is started again and again would make more.
      removeIfThere(kept);
      throw error;
    }
    return kept;
  } catch (error) {
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  } finally {
    database.close();
  }
}

function migrate(database: DatabaseSync, ahead: readonly Migration[]): void {
  for (const migration of ahead) {
    for (const statement of migrationStatements(migration)) database.prepare(statement).run();
  }
  database.prepare("COMMIT").run();
}

/** `server.db.schema-1`, or with a number after it where a server that was killed left one. */
function freeCopyFile(
  file: string,
  { version, attempt }: { readonly version: number; readonly attempt: string },
): string {
  const first = `${file}.schema-${version}`;
  for (let copy = 1; copy <= keptCopiesMax; copy++) {
    const name = copy === 1 ? first : `${first}-${copy}`;
    if (!isThere(name)) return name;
  }
  throw new FileError(
    `${attempt}: there are ${keptCopiesMax} copies of it, ${first} and on; move them away`,
  );
}
