/**
 * What a failure of SQLite means for the ledger.
 *
 * `node:sqlite` reports the extended result code as `errcode`, and only from prepared statements: `exec` and opening a file
 * throw without one. So everything here runs as prepared statements, and nothing matches on message text.
 */
import { LedgerBusyError, LedgerError, LedgerFullError, messageOf } from "../../errors.ts";

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

/** The typed error for a failed attempt; `attempt` is what was tried, as in "cannot write the ledger server.db". */
export function ledgerError(
  attempt: string,
  error: unknown,
): LedgerError | LedgerFullError | LedgerBusyError {
  const options = { cause: error };
  switch (sqliteCondition(error)) {
    case "full":
      return new LedgerFullError(`${attempt}: there is no room left on its disk`, options);
    case "busy":
      return new LedgerBusyError(`${attempt}: another program holds it locked`, options);
    case "read_only":
      return new LedgerBusyError(`${attempt}: it is read-only`, options);
    default:
      return new LedgerError(`${attempt}: ${messageOf(error)}`, options);
  }
}

/** Result codes: https://www.sqlite.org/rescode.html */
export const resultCode = {
  error: 1,
  busy: 5,
  readOnly: 8,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** The primary result code, where there is one. */
export function resultCodeOf(error: unknown): number | undefined {
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  return typeof errcode === "number" ? errcode & 0xff : undefined;
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
