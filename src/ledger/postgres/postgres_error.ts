/** What an error of the database or of the connection to it means for a ledger. */
import { LedgerBusyError, LedgerError, LedgerFullError, messageOf } from "../../errors.ts";

/** A failure by what to do about it. */
export type PostgresCondition =
  /** Another transaction came first. The same one can run again at once. */
  | "conflict"
  /** The connection is gone, the server stops, or it cannot serve now. It may come back. */
  | "unavailable"
  /** The disk is full. */
  | "full"
  /** The server refuses the statement or its rows, so that trying again is no use. */
  | "refused";

/** Conditions by SQLSTATE or its class of two characters (PostgreSQL's appendix A). */
const conditions: Readonly<Record<string, PostgresCondition>> = {
  // serialization_failure, deadlock_detected
  "40001": "conflict",
  "40P01": "conflict",
  // statement_completion_unknown: CockroachDB's answer to a COMMIT that may have happened
  "40003": "unavailable",
  // connection exceptions
  "08": "unavailable",
  // invalid_password, and roles that do not exist
  "28": "unavailable",
  // invalid_catalog_name: the database does not exist
  "3D": "unavailable",
  // read_only_sql_transaction: the primary became a standby
  "25006": "unavailable",
  // idle_in_transaction_session_timeout, transaction_timeout
  "25P03": "unavailable",
  "25P04": "unavailable",
  // invalid_sql_statement_name: something between us and the server mixes sessions
  "26": "unavailable",
  "53100": "full",
  // too many connections, out of memory, and others of its resources
  "53": "unavailable",
  // program_limit_exceeded: other programs' notifications fill the queue of the whole server. The
  // next session finds that out, and goes on without notifications.
  "54000": "unavailable",
  // lock_not_available
  "55P03": "unavailable",
  // query_canceled, admin_shutdown, crash_shutdown, cannot_connect_now
  "57": "unavailable",
};

/** Returns what an error means. */
export function postgresCondition(error: unknown): PostgresCondition {
  // A mistake of this program.
  if (error instanceof TypeError || error instanceof RangeError) return "refused";
  const state = sqlState(error);
  // Everything else without a state comes from the connection.
  if (state === undefined) return "unavailable";
  return conditions[state] ?? conditions[state.slice(0, 2)] ?? "refused";
}

/** Returns the SQLSTATE of an error, or `undefined` when the server did not send it. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * Returns the ledger's error of a failed attempt.
 *
 * @param attempt what was attempted, as in "cannot write the ledger postgres://…"
 */
export function ledgerErrorOf(
  attempt: string,
  cause: unknown,
): LedgerError | LedgerFullError | LedgerBusyError {
  if (cause instanceof LedgerError) return cause;
  const options = { cause };
  switch (postgresCondition(cause)) {
    case "full":
      return new LedgerFullError(`${attempt}: there is no room left on its disk`, options);
    case "conflict":
    case "unavailable":
      return new LedgerBusyError(`${attempt}: ${reasonOf(cause)}`, options);
    case "refused":
      return new LedgerError(`${attempt}: ${reasonOf(cause)}`, options);
  }
}

/** Returns what the server said, with its code, or why the connection failed, on one line. */
export function reasonOf(error: unknown): string {
  const state = sqlState(error);
  const text = messageOf(error).split("\n")[0]!;
  return state === undefined ? text : `${text} (SQLSTATE ${state})`;
}
