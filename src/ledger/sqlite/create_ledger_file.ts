/**
 * Making a ledger's file: whole or not there, and never in place of another.
 */
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { attempting, placeFile, removeIfThere } from "../../durable_files.ts";
import { MicropayError } from "../../errors.ts";
import { nameTaken, requireFreeName } from "./ledger_path.ts";
import { schemaStatements, schemaVersion } from "./schema.ts";
import { ledgerError } from "./ledger_error.ts";

export interface CreateOptions {
  /** What an error's text begins with; that the ledger cannot be made, when absent. */
  readonly attempt?: string;
  /** Schema to make; the current one when absent. */
  readonly version?: number;
  /** Puts into the new file what it is to hold; runs in the transaction that makes its tables. */
  readonly fill?: (database: DatabaseSync) => void;
}

/**
 * Makes a ledger's file, readable for its owner only: it holds what everybody has.
 *
 * It is made under another name and gets its own at the end, so that whatever happens in between, a file of that name is whole.
 * It has no write-ahead log until a server opens it: a ledger with one cannot be read where nobody may write, such as on a
 * read-only disk that backups are kept on.
 *
 * @throws {FileError} when the folder is missing or not writable, or the name is not free
 * @throws {LedgerFullError} when there is no room
 */
export function createLedgerFile(
  file: string,
  ledgerId: string,
  { attempt = `cannot make the ledger ${file}`, ...options }: CreateOptions = {},
): void {
  requireFreeName(file, attempt);
  const unfinished = writeUnfinished(file, ledgerId, { attempt, ...options });
  try {
    placeLedgerFile(unfinished, file, attempt);
  } finally {
    removeUnfinished(unfinished);
  }
}

/**
 * Gives what {@link writeUnfinished} wrote its name.
 *
 * @throws as {@link createLedgerFile}
 */
export function placeLedgerFile(unfinished: string, file: string, attempt: string): void {
  try {
    if (!placeFile(unfinished, file)) throw nameTaken(attempt);
  } catch (error) {
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  }
}

/**
 * Writes a whole ledger beside the place where it is to go, safe on the disk, under a name that nothing else has.
 *
 * @returns that name
 * @throws as {@link createLedgerFile}
 */
export function writeUnfinished(
  file: string,
  ledgerId: string,
  {
    attempt = `cannot make the ledger ${file}`,
    version = schemaVersion,
    fill = () => {},
  }: CreateOptions = {},
): string {
  const unfinished = attempting(
    `${attempt}: its folder is missing or not writable`,
    // Deno makes it with mode 0600, and SQLite's own files beside it inherit that.
    () => Deno.makeTempFileSync({ dir: dirname(file), prefix: "new-ledger-" }),
  );
  try {
    writeLedger(unfinished, schemaStatements(ledgerId, version), fill);
    return unfinished;
  } catch (error) {
    removeUnfinished(unfinished);
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  }
}

export function removeUnfinished(unfinished: string): void {
  for (const suffix of ["-journal", ""]) removeIfThere(`${unfinished}${suffix}`);
}

function writeLedger(
  file: string,
  statements: readonly string[],
  fill: (database: DatabaseSync) => void,
): void {
  const database = new DatabaseSync(file);
  try {
    database.prepare("PRAGMA synchronous = FULL").get();
    database.prepare("PRAGMA fullfsync = ON").get();
    database.prepare("BEGIN").run();
    for (const statement of statements) database.prepare(statement).run();
    fill(database);
    database.prepare("COMMIT").run();
  } finally {
    database.close();
  }
}
