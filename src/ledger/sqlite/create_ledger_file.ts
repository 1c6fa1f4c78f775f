/** Makes a ledger's file, complete or not at all, and never in place of another. */
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { attempting, placeFile, removeIfThere } from "../../durable_files.ts";
import { MicropayError } from "../../errors.ts";
import { nameTaken, requireFreeName } from "./ledger_path.ts";
import { schemaStatements, schemaVersion } from "./schema.ts";
import { ledgerError } from "./ledger_error.ts";
import { makeDurable } from "../../sqlite/durable_database.ts";

/** How to make a ledger's file. */
export interface CreateOptions {
  /** The start of an error's text. By default, that the ledger cannot be made. */
  readonly attempt?: string;
  /** The schema version, by default the current one. */
  readonly version?: number;
  /** Fills the new file, in the transaction that makes its tables. */
  readonly fill?: (database: DatabaseSync) => void | Promise<void>;
}

/**
 * Makes a ledger's file, readable for its owner only.
 *
 * It is made under a temporary name and renamed at the end, so that a file of the final name is
 * always complete. It has no write-ahead log until a server opens it, because a ledger with one
 * cannot be read on a read-only disk.
 *
 * @throws {FileError} when the folder is missing or not writable, or the name is taken
 * @throws {LedgerFullError} when the disk is full
 */
export async function createLedgerFile(
  file: string,
  ledgerId: string,
  { attempt = `cannot make the ledger ${file}`, ...options }: CreateOptions = {},
): Promise<void> {
  requireFreeName(file, attempt);
  const unfinished = await writeUnfinished(file, ledgerId, { attempt, ...options });
  try {
    placeLedgerFile(unfinished, file, attempt);
  } finally {
    removeUnfinished(unfinished);
  }
}

/**
 * Gives the file of {@link writeUnfinished} its final name.
 *
 * @throws as {@link createLedgerFile}
 */
export function placeLedgerFile(unfinished: string, file: string, attempt: string): void {
  attempting(attempt, () => {
    if (!placeFile(unfinished, file)) throw nameTaken(attempt);
  });
}

/**
 * Writes a complete ledger to disk under a unique temporary name beside its final place.
 *
 * @returns the temporary name
 * @throws as {@link createLedgerFile}
 */
export async function writeUnfinished(
  file: string,
  ledgerId: string,
  { attempt, version = schemaVersion, fill = () => {} }: CreateOptions & {
    readonly attempt: string;
  },
): Promise<string> {
  const unfinished = attempting(
    `${attempt}: its folder is missing or not writable`,
    // Deno makes it with mode 0600, and SQLite's side files inherit that.
    () => Deno.makeTempFileSync({ dir: dirname(file), prefix: "new-ledger-" }),
  );
  try {
    const database = new DatabaseSync(unfinished);
    try {
      makeDurable(database);
      database.prepare("BEGIN").run();
      for (const statement of schemaStatements(ledgerId, version)) {
        database.prepare(statement).run();
      }
      await fill(database);
      database.prepare("COMMIT").run();
    } finally {
      database.close();
    }
    return unfinished;
  } catch (error) {
    removeUnfinished(unfinished);
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  }
}

/** Deletes an unfinished ledger and its side files. */
export function removeUnfinished(unfinished: string): void {
  for (const suffix of ["-journal", ""]) removeIfThere(`${unfinished}${suffix}`);
}
