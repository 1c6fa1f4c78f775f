/**
 * The file `wallet.db`: recognising, making and opening it.
 *
 * Only SQLite opens the file. POSIX drops all locks of a process on a file when the process closes
 * any descriptor of it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
import { DatabaseSync } from "node:sqlite";
import { dirname, join } from "node:path";
import { attempting, makeFolder, syncFolder } from "../../durable_files.ts";
import { FileError, systemReason } from "../../errors.ts";
import { walletLockWaitMs } from "../../limits.ts";
import { useWriteAheadLog } from "../../sqlite/durable_database.ts";
import { whileLocked } from "../../sqlite/file_lock.ts";
import { resultCode, resultCodeOf, sqliteCondition } from "../../sqlite/sqlite_error.ts";
import { replaceDamaged, walletError } from "./wallet_error.ts";
import {
  walletApplicationId,
  walletSchemaStatements,
  walletSchemaVersion,
} from "./wallet_schema.ts";

/**
 * Opens a wallet.
 *
 * @returns `undefined` when there is no wallet yet, or making it was interrupted
 * @throws {FileError} when it is another program's, or of a newer version
 * @throws what SQLite throws
 */
export function openWalletFile(file: string): DatabaseSync | undefined {
  if (!isThere(file)) return undefined;
  const database = connect(file);
  try {
    if (isMade(database, file)) {
      useWriteAheadLog(database);
      return database;
    }
    database.close();
    return undefined;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Makes a wallet that only its owner can read, with the folders above it. A process that is killed
 * meanwhile leaves a whole wallet, or a file that the next call finishes.
 *
 * @throws as {@link openWalletFile}
 */
export async function makeWalletFile(file: string): Promise<DatabaseSync> {
  const folder = dirname(file);
  attempting(`make the folder ${folder}`, () => makeFolder(folder));
  // Locked: another process may make it at the same time.
  return await whileLocked(join(folder, ".lock"), () => {
    // SQLite's own files beside it get the same mode.
    if (!isThere(file)) Deno.openSync(file, { write: true, create: true, mode: 0o600 }).close();
    const database = connect(file);
    try {
      const isNew = !isMade(database, file);
      // First, so that a process that finds the wallet made need not sync the folder.
      if (isNew) syncFolder(folder);
      useWriteAheadLog(database);
      if (isNew) {
        database.prepare("BEGIN IMMEDIATE").run();
        for (const statement of walletSchemaStatements) database.prepare(statement).run();
        database.prepare("COMMIT").run();
      }
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * Opens a wallet to read it once where SQLite cannot write beside it: in a read-only folder, or on
 * a full disk. Nobody can change it there, so it is read without locks.
 *
 * @param refusal why it could not be opened to write
 * @throws {FileError} when a killed program left changes that must be written first
 */
export function openUnwritable(file: string, refusal: unknown): DatabaseSync {
  const isUnwritable = resultCodeOf(refusal) === resultCode.cannotOpen ||
    sqliteCondition(refusal) === "full" || sqliteCondition(refusal) === "read_only";
  if (!isUnwritable || isThere(`${file}-wal`) || isThere(`${file}-journal`)) {
    throw walletError(`read ${file}`, refusal);
  }
  const path = file.split("/").map(encodeURIComponent).join("/");
  const database = new DatabaseSync(`file:${path}?immutable=1`, { readOnly: true });
  try {
    if (isMade(database, file)) return database;
    throw walletError(`read ${file}`, refusal);
  } catch (error) {
    database.close();
    throw error;
  }
}

function connect(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file);
  } catch (error) {
    throw new FileError(
      `open ${file}: ${systemReason(error)}; it has to be a file that this user can read and write`,
      { cause: error },
    );
  }
}

/** @returns whether the file is a wallet with its tables; false when it is empty */
function isMade(database: DatabaseSync, file: string): boolean {
  // This comes first. Deno before 2.9 gives an error code only for a statement that is prepared
  // without reading the file.
  const number = (pragma: string) => Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0];
  number(`busy_timeout = ${walletLockWaitMs}`);
  const mark = number("application_id");
  if (mark === walletApplicationId) {
    const version = number("user_version");
    if (version === walletSchemaVersion) return true;
    throw new FileError(
      `open ${file}: another version of micropay wrote it (schema ${version}, this one knows ` +
        `${walletSchemaVersion}); use that version, or give another folder with --home`,
    );
  }
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (mark === 0 && isEmpty) return false;
  throw new FileError(`open ${file}: it is a database of another program; ${replaceDamaged}`);
}

/** @returns whether there is a file with something in it */
function isThere(file: string): boolean {
  try {
    return Deno.statSync(file).size > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
