/**
 * What a failure of SQLite means for the file that was used.
 *
 * `node:sqlite` reports the extended result code as `errcode`, and only from prepared statements: `exec` and opening a file
 * throw without one. So everything here runs as prepared statements, and nothing matches on message text.
 */
import { messageOf } from "../errors.ts";

/**
 * - `full`: no room; SQLite undid the transaction.
 * - `busy`: somebody else holds the file locked; nothing was written.
 * - `read_only`: the file cannot be written by this user, or not for now; nothing was written.
 * - `refused`: a constraint or a trigger undid one statement; the transaction stands.
 * - `failed`: anything else; what the file holds is unknown until it is opened again.
 */
export type SqliteCondition = "full" | "busy" | "read_only" | "refused" | "failed";

/** @returns `undefined` for what SQLite did not throw */
export function sqliteCondition(error: unknown): SqliteCondition | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  // A number in the file that JavaScript cannot hold: this program never wrote it.
  if (code === "ERR_OUT_OF_RANGE") return "failed";
  if (code !== "ERR_SQLITE_ERROR") return undefined;
  if (typeof errcode !== "number") return "failed";
  return conditionsByExtendedCode.get(errcode) ?? conditionsByCode.get(errcode & 0xff) ?? "failed";
}

/**
 * Says why SQLite failed and what to do. A file is called damaged only when SQLite says so: nobody is to replace a good file
 * with an older backup because a disk or a cable failed for a moment.
 */
export function failureReason(error: unknown): string {
  const code = resultCodeOf(error);
  if (code === resultCode.corrupt || extendedCodeOf(error) === shortRead) {
    return "it is damaged or cut short; put a backup in its place";
  }
  if (code !== resultCode.ioError) return messageOf(error);
  const extended = extendedCodeOf(error)!;
  const operation = ioOperations.get(extended) ?? "using";
  return `${messageOf(error)} while ${operation} it or its log (SQLite's code ${extended}); ` +
    "look at its disk, the file itself may be good";
}

/** Result codes: https://www.sqlite.org/rescode.html */
export const resultCode = {
  error: 1,
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** SQLITE_IOERR_SHORT_READ: the file ends within a page. */
const shortRead = 522;

/** What SQLite was doing to a file, by the extended codes of SQLITE_IOERR. */
const ioOperations = new Map<number, string>([
  [266, "reading"], // SQLITE_IOERR_READ
  [778, "writing"], // SQLITE_IOERR_WRITE
  [1034, "syncing"], // SQLITE_IOERR_FSYNC
  [1290, "syncing the folder of"], // SQLITE_IOERR_DIR_FSYNC
  [1546, "truncating"], // SQLITE_IOERR_TRUNCATE
  [1802, "looking at"], // SQLITE_IOERR_FSTAT
  [2058, "unlocking"], // SQLITE_IOERR_UNLOCK
  [2314, "locking"], // SQLITE_IOERR_RDLOCK
  [2570, "deleting"], // SQLITE_IOERR_DELETE
  [3338, "looking for"], // SQLITE_IOERR_ACCESS
  [3594, "locking"], // SQLITE_IOERR_CHECKRESERVEDLOCK
  [3850, "locking"], // SQLITE_IOERR_LOCK
  [4106, "closing"], // SQLITE_IOERR_CLOSE
  [4618, "opening the index of"], // SQLITE_IOERR_SHMOPEN
  [5130, "locking the index of"], // SQLITE_IOERR_SHMLOCK
  [5386, "mapping the index of"], // SQLITE_IOERR_SHMMAP
]);

/** The primary result code, where there is one. */
export function resultCodeOf(error: unknown): number | undefined {
  const extended = extendedCodeOf(error);
  return extended === undefined ? undefined : extended & 0xff;
}

function extendedCodeOf(error: unknown): number | undefined {
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  return typeof errcode === "number" ? errcode : undefined;
}

const conditionsByCode = new Map<number, SqliteCondition>([
  [5, "busy"], // SQLITE_BUSY
  [6, "busy"], // SQLITE_LOCKED
  [8, "read_only"], // SQLITE_READONLY
  [13, "full"], // SQLITE_FULL
  [15, "busy"], // SQLITE_PROTOCOL: gave up competing for a lock of the write-ahead log
  [19, "refused"], // SQLITE_CONSTRAINT
]);

const conditionsByExtendedCode = new Map<number, SqliteCondition>([
  [4874, "full"], // SQLITE_IOERR_SHMSIZE: no room to extend the index of the write-ahead log, before anything was written
  [1032, "failed"], // SQLITE_READONLY_DBMOVED: what is written now is in a file that has no name any more
]);
