/**
 * Identifies and opens a ledger's file. Nothing here changes a file that is not our ledger.
 *
 * Only SQLite opens the file. POSIX drops all locks of a process on a file when the process closes
 * any descriptor of it. So a single `Deno.open` would unlock a ledger in use
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
import { DatabaseSync } from "node:sqlite";
import { attempting, inodeOf, unlessMissing } from "../../durable_files.ts";
import { FileError, LedgerError, systemReason } from "../../errors.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { resultCode, resultCodeOf } from "../../sqlite/sqlite_error.ts";
import { ledgerError } from "./ledger_error.ts";
import { useWriteAheadLog } from "../../sqlite/durable_database.ts";

/**
 * Returns whether the file exists.
 *
 * @throws {FileError} when the path is a folder or another special file, or cannot be examined
 */
export function ledgerFileExists(file: string): boolean {
  const found = attempting(
    `cannot look for the ledger ${file}`,
    () => unlessMissing(() => Deno.statSync(file)),
  );
  if (found === undefined) return false;
  if (found.isFile) return true;
  const what = found.isDirectory ? "a folder" : "not a regular file";
  throw new FileError(`cannot open the ledger ${file}: it is ${what}; give the path of a file`);
}

/**
 * Throws unless the file exists.
 *
 * @throws {FileError} as {@link ledgerFileExists}, and when there is no file
 */
export function requireLedgerFile(file: string): void {
  if (ledgerFileExists(file)) return;
  throw new FileError(`cannot open the ledger ${file}: there is no such file`);
}

/**
 * Returns which ledger a file is, and its version. It writes nothing, except that SQLite rolls back
 * the unfinished transaction of a killed program.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, or has a newer version
 * @throws {FileError} when it cannot be read
 */
export function identifyLedgerFile(file: string): LedgerFileMarks {
  if (journalExists(file)) rollBackJournal(file);
  const database = connect(file, { readOnly: true });
  try {
    return marksOf(database, file);
  } finally {
    database.close();
  }
}

/** Returns whether the file has a rollback journal, of a program that runs or was killed. */
function journalExists(file: string): boolean {
  try {
    return Deno.statSync(`${file}-journal`).isFile;
  } catch {
    return false;
  }
}

/**
 * Lets SQLite roll back the journal of a killed program, such as a server that was killed while it
 * turned on the write-ahead log. A read-only connection may not do that, and would refuse the file
 * for good. The journal of a running program stays, because that program holds a lock.
 */
function rollBackJournal(file: string): void {
  try {
    const database = connect(file, { readOnly: false });
    try {
      database.prepare("PRAGMA busy_timeout = 1000").get();
      database.prepare("PRAGMA user_version").get();
    } finally {
      database.close();
    }
  } catch {
    // This fails on a read-only disk, for example. Reading the file then reports the cause.
  }
}

/** The marks by which a ledger's file identifies itself. */
export interface LedgerFileMarks {
  /** The CA's fingerprint, 64 hex digits. */
  readonly ledgerId: string;
  /** The schema version, at most {@link schemaVersion}. */
  readonly version: number;
}

/**
 * Opens a ledger for reading and writing.
 *
 * @throws {LedgerError} as {@link identifyLedgerFile}, and when it belongs to another CA
 * @throws {FileError} when it cannot be read and written
 */
export function openLedgerFile(file: string, ledgerId: string): DatabaseSync {
  const marks = identifyLedgerFile(file);
  requireSameLedger(file, marks.ledgerId, ledgerId);
  requireCurrent(file, marks);
  const database = connect(file, { readOnly: false });
  try {
    useWriteAheadLog(database);
    database.prepare("PRAGMA foreign_keys = ON").get();
    return database;
  } catch (error) {
    database.close();
    throw ledgerError(`cannot open the ledger ${file}`, error);
  }
}

/**
 * Remembers which file a path names. SQLite keeps writing to a file that was deleted or replaced,
 * and those commits would be lost at the next start.
 *
 * @returns a cheap check that throws {@link LedgerError} when the path names another file or none
 */
export function watchLedgerFile(file: string): () => void {
  const opened = inodeOf(file);
  return () => {
    if (opened !== undefined && inodeOf(file) === opened) return;
    throw new LedgerError(`cannot write the ledger ${file}: it was moved or deleted while in use`);
  };
}

/**
 * Opens a connection and applies the settings.
 *
 * @throws {FileError} when the file cannot be opened
 */
export function connect(file: string, options: { readOnly: boolean }): DatabaseSync {
  try {
    return new DatabaseSync(file, options);
  } catch (error) {
    const right = options.readOnly ? "readable" : "readable and writable";
    throw new FileError(
      `cannot open the ledger ${file}: ${systemReason(error)}; it has to be ${right} for this user`,
      { cause: error },
    );
  }
}

/**
 * Returns the marks of an open file.
 *
 * @throws as {@link identifyLedgerFile}
 */
export function marksOf(database: DatabaseSync, file: string): LedgerFileMarks {
  const attempt = `cannot open the ledger ${file}`;
  try {
    // The mark is read first. Before Deno 2.9, only a statement that is prepared without reading
    // the file fails with a code.
    const number = (pragma: string) =>
      Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0];
    number("busy_timeout = 1000");
    if (number("application_id") !== applicationId) {
      const isEmpty = Deno.statSync(file).size === 0;
      throw new LedgerError(
        isEmpty
          ? `${attempt}: the file is empty; delete it to start a new ledger there`
          : `${attempt}: it is a database of another program; choose another file with --db`,
      );
    }
    const version = number("user_version") as number;
    if (version > schemaVersion) {
      throw new LedgerError(
        `${attempt}: a newer micropay wrote it (schema ${version}, this one knows ${schemaVersion}); ` +
          "use that version",
      );
    }
    const id = database.prepare("SELECT id FROM ledger").get()?.id;
    if (typeof id !== "string") {
      throw new LedgerError(`${attempt}: it has no ledger identifier; put a backup in its place`);
    }
    return { ledgerId: id, version };
  } catch (error) {
    throw unreadable(attempt, error);
  }
}

function unreadable(attempt: string, error: unknown): Error {
  if (error instanceof LedgerError) return error;
  const options = { cause: error };
  switch (resultCodeOf(error)) {
    case resultCode.notADatabase:
      return new LedgerError(
        `${attempt}: it is not a database; choose another file with --db`,
        options,
      );
    case resultCode.cannotOpen:
    case resultCode.readOnly:
      return new FileError(
        `${attempt}: it or its log cannot be opened; both and their folder have to be readable ` +
          "and writable for this user",
        options,
      );
    default:
      return ledgerError(attempt, error);
  }
}

/**
 * Throws unless the ledger has the current schema version. Only a server migrates it.
 *
 * @throws {LedgerError} when it has an older version
 */
export function requireCurrent(file: string, { version }: LedgerFileMarks): void {
  if (version === schemaVersion) return;
  throw new LedgerError(
    `cannot open the ledger ${file}: it is of schema ${version}, this micropay uses ${schemaVersion}; ` +
      "start its server once, which brings it up to date",
  );
}

/**
 * Throws unless the ledger belongs to the expected CA.
 *
 * @throws {LedgerError} when it belongs to another CA
 */
export function requireSameLedger(file: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new LedgerError(
    `cannot open the ledger ${file}: it belongs to the CA ${found.slice(0, 16)}…, not to ` +
      `${expected.slice(0, 16)}…; use the certificates it was made with, or another file with --db`,
  );
}
