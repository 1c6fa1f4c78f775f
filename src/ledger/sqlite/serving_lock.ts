/**
 * One server to a ledger. Tools that work beside a running server do not take this lock.
 */
import { DatabaseSync } from "node:sqlite";
import { FileError, LedgerError } from "../../errors.ts";
import { sqliteCondition } from "./sqlite_error.ts";
import { sqlitePath } from "./sqlite_path.ts";

/** The empty file beside a ledger whose lock says that a server is using it. */
export function servingLockFile(file: string): string {
  return `${file}-serving`;
}

/** Held until released, or until the process ends in whatever way: the kernel lets go of it then. */
export interface ServingLock {
  release(): void;
}

/**
 * Takes the lock without waiting.
 *
 * The lock is SQLite's own on an empty database: it works within a process as between two, and without waiting, which
 * `Deno.FsFile.lock` cannot before 2.9. It is not on the ledger itself because others must be able to work on that one. The
 * file is never removed while the ledger exists: who waits to lock a removed file would lock a different one.
 *
 * @throws {LedgerError} when another server uses the ledger
 * @throws {FileError} when the file cannot be made
 */
export function takeServingLock(file: string): ServingLock {
  const lockFile = servingLockFile(file);
  try {
    Deno.openSync(lockFile, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new FileError(
        `cannot make the file ${lockFile}: its folder is missing or not writable`,
        {
          cause: error,
        },
      );
    }
  }
  const database = new DatabaseSync(sqlitePath(lockFile));
  try {
    database.prepare("PRAGMA busy_timeout = 0").get(); // Deno 2.4 waits five seconds unless told
    keepJournalInMemory(database);
    database.prepare("BEGIN EXCLUSIVE").run();
  } catch (error) {
    database.close();
    if (sqliteCondition(error) !== "busy") {
      throw new FileError(`cannot lock the file ${lockFile}: it has to be writable for this user`, {
        cause: error,
      });
    }
    throw new LedgerError(
      `cannot serve the ledger ${file}: another server is using it; stop that one first`,
      { cause: error },
    );
  }
  return { release: () => database.close() };
}

/** A transaction that never writes needs no journal beside it. */
function keepJournalInMemory(database: DatabaseSync): void {
  try {
    database.prepare("PRAGMA journal_mode = MEMORY").get();
  } catch {
    // Locked already. Preparing this throws without a result code before Deno 2.9; BEGIN will tell properly.
  }
}
