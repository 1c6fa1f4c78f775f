/** Translates a failure of SQLite into the ledger's errors. */
import { LedgerBusyError, LedgerError, LedgerFullError } from "../../errors.ts";
import { failureReason, sqliteCondition } from "../../sqlite/sqlite_error.ts";

/**
 * Returns the error of a failed attempt.
 *
 * @param attempt what was attempted, as in "cannot write the ledger server.db"
 */
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
      return new LedgerError(`${attempt}: ${failureReason(error)}`, options);
  }
}
