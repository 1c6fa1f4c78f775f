/**
 * The meaning of a failure of SQLite for its file.
 *
 * `node:sqlite` reports the extended result code as `errcode`, but only from prepared statements.
 * `exec` and opening a file throw without one. So this program uses prepared statements only, and
 * matches no message texts.
 */
import { messageOf } from "../errors.ts";

/**
 * What a failure means.
 *
 * - `full`: no space; SQLite rolled back the transaction.
 * - `busy`: another process holds the file locked; nothing was written.
 * - `read_only`: the file cannot be written by this user or at this time; nothing was written.
 * - `refused`: a constraint or trigger undid one statement; the transaction is still open.
 * - `failed`: any other failure; the file's state is unknown until it is opened again.
 */
export type SqliteCondition = "full" | "busy" | "read_only" | "refused" | "failed";

/** Returns the meaning of an error, or `undefined` when SQLite did not throw it. */
export function sqliteCondition(error: unknown): SqliteCondition | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  // The file has a number past 2^53, which this program never writes.
  if (code === "ERR_OUT_OF_RANGE") return "failed";
  if (code !== "ERR_SQLITE_ERROR") return undefined;
  if (typeof errcode !== "number") return "failed";
  return conditionsByExtendedCode.get(errcode) ?? conditionsByCode.get(errcode & 0xff) ?? "failed";
}

/**
 * Returns why SQLite failed and what to do. It calls a file damaged only when SQLite does. A brief
 * fault of a disk or cable must not make somebody replace a good file with an old backup.
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

/** SQLite's operation on a file, by the extended codes of SQLITE_IOERR. */
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

/** Returns the primary result code, or `undefined` without one. */
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
  [4874, "full"], // SQLITE_IOERR_SHMSIZE: no space for the log's index, before any write
  [1032, "failed"], // SQLITE_READONLY_DBMOVED: the open file has no name any more
]);
