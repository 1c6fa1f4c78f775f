/**
 * Making a ledger's file: whole or not there, and never in place of another.
 */
import { DatabaseSync } from "node:sqlite";
import { FileError, MicropayError } from "../../errors.ts";
import { removeIfThere } from "./ledger_file.ts";
import { schemaStatements, schemaVersion } from "./schema.ts";
import { ledgerError } from "./sqlite_error.ts";
import { sqlitePath } from "./sqlite_path.ts";

export interface CreateOptions {
  /** Schema to make; the current one when absent. */
  readonly version?: number;
  /** Puts into the new file what it is to hold; runs in the transaction that makes its tables. */
  readonly fill?: (database: DatabaseSync) => void;
}

/**
 * Makes a ledger's file, readable for its owner only: it holds what everybody has.
 *
 * It is made under another name and gets its own at the end, so that whatever happens in between, a file of that name is whole;
 * and by a link, not a rename, because a link never takes the place of another file.
 *
 * @throws {FileError} when the folder is missing or not writable, or there is a file of that name
 * @throws {LedgerFullError} when there is no room
 */
export function createLedgerFile(
  file: string,
  ledgerId: string,
  { version = schemaVersion, fill = () => {} }: CreateOptions = {},
): void {
  const attempt = `cannot make the ledger ${file}`;
  const dir = file.slice(0, file.lastIndexOf("/") + 1) || ".";
  let making: string;
  try {
    making = Deno.makeTempFileSync({ dir, prefix: "new-ledger-" }); // 0600, and SQLite's own files beside it inherit that
  } catch (error) {
    throw new FileError(`${attempt}: its folder is missing or not writable`, { cause: error });
  }
  try {
    writeLedger(making, [...schemaStatements(ledgerId, version)], fill);
    Deno.linkSync(making, file);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new FileError(`${attempt}: there is a file of that name, and it is never overwritten`);
    }
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  } finally {
    for (const left of [making, `${making}-journal`, `${making}-wal`, `${making}-shm`]) {
      removeIfThere(left);
    }
  }
}

function writeLedger(
  file: string,
  statements: readonly string[],
  fill: (database: DatabaseSync) => void,
): void {
  const database = new DatabaseSync(sqlitePath(file));
  try {
    database.prepare("PRAGMA synchronous = FULL").get();
    database.prepare("BEGIN").run();
    for (const statement of statements) database.prepare(statement).run();
    fill(database);
    database.prepare("COMMIT").run();
    database.prepare("PRAGMA journal_mode = WAL").get();
  } finally {
    database.close();
  }
}
