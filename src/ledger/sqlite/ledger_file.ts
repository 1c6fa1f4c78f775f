/**
 * The ledger's file: telling it from others, making it, opening it. Nothing here changes a file that is not a ledger of ours.
 *
 * The file is only ever opened through SQLite. POSIX drops every lock a process holds on a file as soon as that process closes
 * any descriptor of it, so one harmless look with `Deno.open` would unlock a ledger that is in use
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
import { DatabaseSync } from "node:sqlite";
import { attempting, inodeOf, unlessMissing } from "../../durable_files.ts";
import { FileError, LedgerError, systemReason } from "../../errors.ts";
import { applicationId, schemaVersion } from "./schema.ts";
import { resultCode, resultCodeOf } from "../../sqlite/sqlite_error.ts";
import { ledgerError } from "./ledger_error.ts";

/**
 * @returns whether there is a file
 * @throws {FileError} when there is a folder or something else of that name, or it cannot be told
 */
export function ledgerFileExists(file: string): boolean {
  const found = attempting(
    `cannot look for the ledger ${file}`,
    () => unlessMissing(() => Deno.statSync(file)),
  );
  if (found === undefined) return false;
  if (found.isFile) return true;
  const what = found.isDirectory ? "a folder" : "no regular file";
  throw new FileError(`cannot open the ledger ${file}: it is ${what}; give the path of a file`);
}

/** @throws {FileError} as {@link ledgerFileExists}, and when there is none */
export function requireLedgerFile(file: string): void {
  if (ledgerFileExists(file)) return;
  throw new FileError(`cannot open the ledger ${file}: there is no such file`);
}

/**
 * Looks into a file and says which ledger it is and of which version. Writes nothing, but undoes a
 * transaction that a killed program left half done.
 *
 * @throws {LedgerError} when it is not a ledger, is damaged, or of a newer version
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

/** Whether a program that changes the file without a write-ahead log is at work, or was killed. */
function journalExists(file: string): boolean {
  try {
    return Deno.statSync(`${file}-journal`).isFile;
  } catch {
    return false;
  }
}

/**
 * Lets SQLite undo what the journal of a killed program says, such as a server that was killed while it
 * turned on the write-ahead log. A connection that only reads is not allowed to, and would refuse the
 * file for good. The journal of a program that still runs is left alone: it holds a lock.
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
    // On a read-only disk, for one. Reading the file says what is wrong with it.
  }
}

/** What a file says about itself. */
export interface LedgerFileMarks {
  /** 64 hexadecimal digits. */
  readonly ledgerId: string;
  /** Of its schema, at most {@link schemaVersion}. */
  readonly version: number;
}

/**
 * Opens a ledger for reading and writing.
 *
 * @throws {LedgerError} as {@link identifyLedgerFile}, and when it is another ledger's
 * @throws {FileError} when it cannot be read and written
 */
export function openLedgerFile(file: string, ledgerId: string): DatabaseSync {
  const marks = identifyLedgerFile(file);
  requireSameLedger(file, marks.ledgerId, ledgerId);
  requireCurrent(file, marks);
  const database = connect(file, { readOnly: false });
  try {
    for (const pragma of connectionPragmas) database.prepare(pragma).get();
    return database;
  } catch (error) {
    database.close();
    throw ledgerError(`cannot open the ledger ${file}`, error);
  }
}

/**
 * Remembers which file a path names now. SQLite goes on writing to a file that was deleted or replaced, and what it then
 * acknowledges would be gone at the next start.
 *
 * @returns a check, cheap beside a commit, that throws {@link LedgerError} when the path names another file or none
 */
export function watchLedgerFile(file: string): () => void {
  const opened = inodeOf(file);
  return () => {
    if (opened !== undefined && inodeOf(file) === opened) return;
    throw new LedgerError(`cannot write the ledger ${file}: it was moved or deleted while in use`);
  };
}

/** Held for each connection, not in the file, except for the journal's mode. */
const connectionPragmas = [
  "PRAGMA journal_mode = WAL", // readers and the one writer do not block each other
  "PRAGMA synchronous = FULL", // a commit is on the disk before anybody is told of it
  "PRAGMA fullfsync = ON", // macOS: really on the disk, not in the drive's cache
  "PRAGMA checkpoint_fullfsync = ON",
  "PRAGMA foreign_keys = ON",
  "PRAGMA temp_store = MEMORY", // no file is opened while running: under a flood there may be no descriptor left for one
];

/** @throws {FileError} */
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

/** @throws as {@link identifyLedgerFile} */
export function marksOf(database: DatabaseSync, file: string): LedgerFileMarks {
  const attempt = `cannot open the ledger ${file}`;
  try {
    // The mark comes first: before Deno 2.9 only a statement that is prepared without a look at the file fails with a code.
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
      throw new LedgerError(`${attempt}: it does not say whose it is; put a backup in its place`);
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

/** @throws {LedgerError} when it is of an older version, which only a server brings up to date */
export function requireCurrent(file: string, { version }: LedgerFileMarks): void {
  if (version === schemaVersion) return;
  throw new LedgerError(
    `cannot open the ledger ${file}: it is of schema ${version}, this micropay uses ${schemaVersion}; ` +
      "start its server once, which brings it up to date",
  );
}

export function requireSameLedger(file: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new LedgerError(
    `cannot open the ledger ${file}: it belongs to the CA ${found.slice(0, 16)}…, not to ` +
      `${expected.slice(0, 16)}…; use the certificates it was made with, or another file with --db`,
  );
}
