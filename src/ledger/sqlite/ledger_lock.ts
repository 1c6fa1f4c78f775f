/**
 * The lock that every program takes before it writes a ledger. It decides what may run at the same time: one server and any
 * number of ledger commands, or one restore or reset alone.
 */
import { ledgerLockWaitMs } from "../../limits.ts";
import { DatabaseSync } from "node:sqlite";
import { FileError, LedgerBusyError, LedgerError } from "../../errors.ts";
import { inodeOf } from "./ledger_file.ts";
import { sqliteCondition, systemReason } from "../../sqlite/sqlite_error.ts";
import { ledgerError } from "./ledger_error.ts";

/** The empty file beside a ledger that carries the lock. */
export function ledgerLockFile(file: string): string {
  return `${file}-lock`;
}

/**
 * What the holder does.
 *
 * - `serve`: it is the one server. Ledger commands may write beside it.
 * - `write`: it is a ledger command. Other commands and one server may write beside it.
 * - `replace`: it puts another file in the ledger's place, or deletes it. Nobody else may write.
 */
export type LedgerUse = "serve" | "write" | "replace";

/** Held until it is released, or until the process ends in any way: the kernel frees it then. */
export interface LedgerLock extends Disposable {
  release(): void;
}

/** The lock file changes under us only when a ledger is deleted at that instant. */
const attemptsMax = 10;

/**
 * Takes the lock.
 *
 * It is SQLite's own lock on an empty database: SHARED for `write`, RESERVED for `serve`, EXCLUSIVE for `replace`. These work
 * within a process as between two, and Deno 2.4 has them; `Deno.FsFile.lock` blocks the process before 2.9. The lock is not
 * on the ledger itself, because that file is replaced, and a lock on it would go with the old file.
 *
 * Readers do not take it. A reader cannot spoil the next ledger: see `replace_ledger_file.ts`.
 *
 * @param file the ledger's real path
 * @param options `attempt` begins the error's text, as in "cannot serve the ledger server.db"
 * @throws {LedgerError} when a server uses the ledger
 * @throws {LedgerBusyError} when another command uses the ledger in a way that excludes this one
 * @throws {FileError} when the lock file cannot be made or locked
 */
export function takeLedgerLock(
  file: string,
  { use, attempt }: { readonly use: LedgerUse; readonly attempt: string },
): LedgerLock {
  const lockFile = ledgerLockFile(file);
  for (let attempts = 1; attempts <= attemptsMax; attempts++) {
    const inode = makeLockFile(lockFile);
    const database = openLockFile(lockFile);
    try {
      for (const step of stepsOf[use]) take(database, step, { attempt, lockFile });
    } catch (error) {
      database.close();
      throw error;
    }
    // Whoever deletes the ledger deletes the lock file too. A lock on a deleted file excludes nobody.
    if (inode !== undefined && inodeOf(lockFile) === inode) {
      const release = () => database.close();
      return { release, [Symbol.dispose]: release };
    }
    database.close();
  }
  throw new LedgerBusyError(`${attempt}: it is being deleted again and again; try again later`);
}

interface Step {
  readonly statements: readonly string[];
  readonly waitMs: number;
  /** What it means that the lock of this step is taken. */
  readonly taken: (attempt: string, cause: unknown) => Error;
}

/** Taken by all. Nothing but `replace` stands against it. */
const shared: Step = {
  // This pragma reads the file when it runs. A SELECT reads it when it is prepared, which fails without a code in Deno 2.4.
  statements: ["BEGIN", "PRAGMA user_version"],
  waitMs: ledgerLockWaitMs,
  taken: (attempt, cause) =>
    new LedgerBusyError(`${attempt}: another command restores or deletes it; try again later`, {
      cause,
    }),
};

const reserved: Step = {
  statements: ["BEGIN IMMEDIATE"],
  waitMs: 0,
  taken: (attempt, cause) =>
    new LedgerError(`${attempt}: another server is using it; stop that one first`, { cause }),
};

const exclusive: Step = {
  statements: ["BEGIN EXCLUSIVE"],
  waitMs: ledgerLockWaitMs,
  taken: (attempt, cause) =>
    new LedgerBusyError(`${attempt}: another command is writing to it; try again later`, { cause }),
};

/** Each step begins by giving up the lock of the one before, so its error says who is in the way. */
const stepsOf: Readonly<Record<LedgerUse, readonly Step[]>> = {
  write: [shared],
  serve: [shared, reserved],
  replace: [shared, reserved, exclusive],
};

function take(
  database: DatabaseSync,
  { statements, waitMs, taken }: Step,
  { attempt, lockFile }: { readonly attempt: string; readonly lockFile: string },
): void {
  try {
    database.prepare(`PRAGMA busy_timeout = ${waitMs}`).get();
    endTransaction(database);
    keepJournalInMemory(database);
    for (const statement of statements) database.prepare(statement).get();
  } catch (error) {
    if (sqliteCondition(error) === "busy") throw taken(attempt, error);
    throw ledgerError(`cannot lock the file ${lockFile}`, error);
  }
}

function endTransaction(database: DatabaseSync): void {
  try {
    database.prepare("ROLLBACK").run();
  } catch {
    // No step was taken before.
  }
}

/** A transaction that never writes needs no journal beside the file. */
function keepJournalInMemory(database: DatabaseSync): void {
  try {
    database.prepare("PRAGMA journal_mode = MEMORY").get();
  } catch {
    // Locked already. Preparing this throws without a result code before Deno 2.9; the step's own statements tell properly.
  }
}

/** @returns its inode; `undefined` when it was deleted again already */
function makeLockFile(lockFile: string): number | undefined {
  try {
    // Closing a descriptor of the file would free the locks that this process has on it. A file that is new has none.
    Deno.openSync(lockFile, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new FileError(
        `cannot make the file ${lockFile}: its folder is missing or not writable: ${
          systemReason(error)
        }`,
        {
          cause: error,
        },
      );
    }
  }
  return inodeOf(lockFile);
}

function openLockFile(lockFile: string): DatabaseSync {
  try {
    return new DatabaseSync(lockFile);
  } catch (error) {
    throw new FileError(`cannot open the file ${lockFile}: ${systemReason(error)}`, {
      cause: error,
    });
  }
}
