/**
 * The lock that every program takes before it writes a ledger. It allows one server and any number of
 * ledger commands at a time, or one restore or reset alone.
 */
import { LedgerBusyError, LedgerError } from "../../errors.ts";
import { ledgerLockWaitMs } from "../../limits.ts";
import {
  type FileLock,
  type LockMode,
  LockTakenError,
  takeFileLock,
} from "../../sqlite/file_lock.ts";

/** @returns the empty file beside a ledger that carries its lock */
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

const modes: Readonly<Record<LedgerUse, LockMode>> = {
  write: "shared",
  serve: "reserved",
  replace: "exclusive",
};

/**
 * Takes the lock. It is not on the ledger itself, because that file is replaced, and a lock on it would
 * go with the old file.
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
): FileLock {
  try {
    return takeFileLock(ledgerLockFile(file), { mode: modes[use], waitMs: ledgerLockWaitMs });
  } catch (cause) {
    if (!(cause instanceof LockTakenError)) throw cause;
    const { kind, text } = refusals[cause.mode];
    throw new kind(`${attempt}: ${text}`, { cause });
  }
}

/** What it means that a mode cannot be had. Only a holder of `replace` stands against a shared lock. */
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
