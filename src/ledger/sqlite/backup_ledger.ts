/**
 * Copies of a ledger for keeping, and putting one in the ledger's place.
 */
import { FileError } from "../../errors.ts";
import { copyTables } from "./copy_tables.ts";
import {
  createLedgerFile,
  type CreateOptions,
  removeUnfinished,
  writeUnfinished,
} from "./create_ledger_file.ts";
import {
  connect,
  ledgerFileExists,
  type LedgerFileMarks,
  marksOf,
  requireCurrent,
  requireLedgerFile,
} from "./ledger_file.ts";
import { requireFreeName } from "./new_file.ts";
import { replaceLedgerFile } from "./replace_ledger_file.ts";
import { takeServingLock } from "./serving_lock.ts";

/**
 * Copies a ledger as it is at this moment, while its server goes on.
 *
 * @param to is made, 0600, never overwritten; whole and on the disk, or not there
 * @throws {FileError} when there is a file of that name, or it cannot be made
 * @throws {LedgerError} when the ledger cannot be read, or is of an older version
 * @throws {LedgerFullError} when there is no room
 */
export function backupSqliteLedger({ file, to }: { file: string; to: string }): void {
  const attempt = `cannot make the backup ${to}`;
  withMoment(
    file,
    ({ ledgerId, ...options }) => createLedgerFile(to, ledgerId, { attempt, ...options }),
  );
}

export interface RestoreOptions {
  /** A ledger that was audited. It is copied, and stays as it is. */
  readonly backup: string;
  /** Where it has to go. */
  readonly file: string;
  /** Wall-clock time in milliseconds since the epoch; names the ledger that is replaced. */
  readonly atMs: number;
}

/**
 * Puts a copy of a backup in a ledger's place, at once and whole: killed at any moment, the place holds the one or the other.
 * What was there is kept beside it, also what is too damaged to be opened; nothing is ever overwritten, so nobody has to insist.
 *
 * @returns the name under which the replaced ledger is kept; `undefined` when there was none
 * @throws {LedgerError} when a server uses the ledger, or the backup cannot be read
 * @throws {LedgerBusyError} when another program has the ledger open
 * @throws {LedgerFullError} when there is no room
 * @throws {FileError} when files cannot be made or renamed, or the backup is the ledger itself
 */
export function restoreSqliteLedger({ backup, file, atMs }: RestoreOptions): string | undefined {
  const exists = ledgerFileExists(file);
  requireOther(backup, file);
  const attempt = `cannot restore the ledger ${file}`;
  if (!exists) requireFreeName(file, attempt);
  return withMoment(backup, ({ ledgerId, ...moment }) => {
    const options = { attempt, ...moment };
    const lock = takeServingLock(file);
    try {
      if (!exists) {
        createLedgerFile(file, ledgerId, options);
        return undefined;
      }
      const unfinished = writeUnfinished(file, ledgerId, options);
      try {
        const kept = `${file}.replaced-${new Date(atMs).toISOString().replaceAll(":", "")}`;
        replaceLedgerFile(file, { by: unfinished, kept });
        return kept;
      } finally {
        removeUnfinished(unfinished);
      }
    } finally {
      lock.release();
    }
  });
}

/** What the making of a copy needs to know. */
type Moment = LedgerFileMarks & Required<Omit<CreateOptions, "attempt">>;

/** Runs an action on one moment of a ledger. */
function withMoment<T>(file: string, run: (moment: Moment) => T): T {
  requireLedgerFile(file);
  const database = connect(file, { readOnly: true });
  try {
    const marks = marksOf(database, file);
    requireCurrent(file, marks);
    database.prepare("BEGIN").run();
    return run({ ...marks, fill: (copy) => copyTables({ database, file }, copy) });
  } finally {
    database.close();
  }
}

/** Through links as well: a restore keeps the ledger under another name, and the backup would go with it. */
function requireOther(backup: string, file: string): void {
  try {
    if (Deno.realPathSync(backup) !== Deno.realPathSync(file)) return;
  } catch {
    return; // One of them is not there, which is told where it matters.
  }
  throw new FileError(`cannot restore the ledger ${file}: the backup is that very file`);
}
