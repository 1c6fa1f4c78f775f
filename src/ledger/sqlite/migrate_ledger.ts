/** Migrates an older ledger when its server starts. */
import { keptCopiesMax } from "../../limits.ts";
import type { DatabaseSync } from "node:sqlite";
import { isThere, removeIfThere } from "../../durable_files.ts";
import { FileError, MicropayError } from "../../errors.ts";
import { createLedgerFile } from "./create_ledger_file.ts";
import { copyIntoFile } from "./file_row_target.ts";
import { connect, type LedgerFileMarks } from "./ledger_file.ts";
import { type Migration, migrations, migrationStatements } from "./schema.ts";
import { ledgerError } from "./ledger_error.ts";
import { SqliteSnapshot } from "./sqlite_snapshot.ts";
import { makeDurable } from "../../sqlite/durable_database.ts";

/**
 * Keeps a copy of the ledger, then migrates it in one transaction: after a kill, it has the old
 * version or the new one. The caller holds the ledger's lock. A current ledger stays as it is.
 *
 * @param steps the migrations, by default all of this program
 * @returns the path of the copy, or `undefined` when the ledger was current
 * @throws {FileError} when the copy cannot be made
 * @throws {LedgerFullError} when the disk is full; the ledger is unchanged then
 * @throws {LedgerError} when the ledger is damaged; it is unchanged then
 */
export async function migrateLedger(
  file: string,
  marks: LedgerFileMarks,
  steps: readonly Migration[] = migrations,
): Promise<string | undefined> {
  const { ledgerId, version } = marks;
  const ahead = steps.filter((step) => step.version > version);
  if (ahead.length === 0) return undefined;
  const attempt = `cannot bring the ledger ${file} from schema ${version} to ${
    ahead.at(-1)!.version
  }`;
  const database = connect(file, { readOnly: false });
  try {
    makeDurable(database);
    // From here on nobody else writes, so the copy is the state that is migrated.
    database.prepare("BEGIN IMMEDIATE").run();
    const kept = freeCopyFile(file, { version, attempt });
    const source = new SqliteSnapshot(database, file, marks);
    const fill = (copy: DatabaseSync) => copyIntoFile(source, copy);
    await createLedgerFile(kept, ledgerId, { attempt, version, fill });
    try {
      migrate(database, ahead);
    } catch (error) {
      // A failed migration needs no copy, and repeated starts would make more and more of them.
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

/**
 * Returns a free name such as `server.db.schema-1`, with a number when a killed server left a copy.
 */
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
