/**
 * The lock of a ledger's writers. It allows one server and any number of ledger commands, or one
 * restore or reset alone.
 */
import { LedgerBusyError, LedgerError } from "../../errors.ts";
import { ledgerLockWaitMs } from "../../limits.ts";
import {
  type FileLock,
  type LockMode,
  LockTakenError,
  takeFileLock,
} from "../../sqlite/file_lock.ts";

/** Returns the path of the empty file beside a ledger that carries its lock. */
export function ledgerLockFile(file: string): string {
  return `${file}-lock`;
}

/**
 * What the holder does.
 *
 * - `serve`: it is the one server. Ledger commands may write beside it.
 * - `write`: it is a ledger command. Other commands and one server may write beside it.
 * - `replace`: it replaces or deletes the ledger's file. Nobody else may write.
 */
export type LedgerUse = "serve" | "write" | "replace";

const modes: Readonly<Record<LedgerUse, LockMode>> = {
  write: "shared",
  serve: "reserved",
  replace: "exclusive",
};

/**
 * Takes a ledger's lock. It is not on the ledger itself, because that file may be replaced and
 * would take the lock along. Readers take none: `replace_ledger_file.ts` says why they cannot harm
 * the next ledger.
 *
 * @param file the ledger's real path
 * @param options.attempt the start of an error's text, as in "cannot serve the ledger server.db"
 * @throws {LedgerError} when a server uses the ledger
 * @throws {LedgerBusyError} when another command uses it in a conflicting way
 * @throws {FileError} when the lock file cannot be made or locked
 */
export function takeLedgerLock(
  file: string,
  { use, attempt }: { readonly use: LedgerUse; readonly attempt: string },
): FileLock {
  try {
    return takeFileLock(ledgerLockFile(file), { mode: modes[use], waitMs: ledgerLockWaitMs });
  } catch (cause) {
    if (!(cause instanceof LockTakenError)) throw cause;
    const { kind, text } = refusals[cause.mode];
    throw new kind(`${attempt}: ${text}`, { cause });
  }
}

/**
 * The meaning of each mode that cannot be had. Only a holder of `replace` excludes a shared lock.
 */
const refusals = {
  shared: {
    kind: LedgerBusyError,
    text: "another command restores or deletes it; try again later",
  },
  reserved: { kind: LedgerError, text: "another server is using it; stop that one first" },
  exclusive: {
    kind: LedgerBusyError,
    text: "another command is writing to it; try again later",
  },
} as const;
