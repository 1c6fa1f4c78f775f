/**
 * Turns a failure of SQLite into an error that names the wallet's file and says what to do.
 */
import { FileError, messageOf } from "../../errors.ts";
import {
  failureReason,
  resultCode,
  resultCodeOf,
  sqliteCondition,
} from "../../sqlite/sqlite_error.ts";

/** The storage failed. What the file holds is known only after it was opened again. */
export class BrokenWalletError extends FileError {}

/** @param attempt what was tried, as in "write /home/alice/wallet.db" */
export function walletError(attempt: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  const options = { cause: error };
  switch (sqliteCondition(error)) {
    case "full":
      return new FileError(
        `${attempt}: there is no room left on its disk; make room, then try again`,
        options,
      );
    case "busy":
      return new FileError(
        `${attempt}: another program holds it locked; end that program, then try again`,
        options,
      );
    case "read_only":
      return new FileError(`${attempt}: ${notWritable}`, options);
  }
  const code = resultCodeOf(error);
  if (code === resultCode.cannotOpen) {
    return new BrokenWalletError(`${attempt}: ${notWritable}`, options);
  }
  if (code === resultCode.corrupt || code === resultCode.notADatabase) {
    return new BrokenWalletError(`${attempt}: ${messageOf(error)}; ${replaceDamaged}`, options);
  }
  return new BrokenWalletError(`${attempt}: ${failureReason(error)}`, options);
}

const notWritable = "it, the files beside it or their folder cannot be opened or written by this " +
  "user; make them writable, or give another folder with --home";

export const replaceDamaged =
  "put a backup in its place, or move it away: a new one is made, and " +
  "receive --since 0 fetches the receipts of what you were paid";
