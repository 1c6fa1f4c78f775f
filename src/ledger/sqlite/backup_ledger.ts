/**
 * Copies of a ledger for keeping, and putting one in the ledger's place.
 */
import { FileError } from "../../errors.ts";
import { copyTables } from "./copy_tables.ts";
import {
  createLedgerFile,
  type CreateOptions,
  placeLedgerFile,
  removeUnfinished,
  writeUnfinished,
} from "./create_ledger_file.ts";
import { ledgerFileExists, type LedgerFileMarks } from "./ledger_file.ts";
import { takeLedgerLock } from "./ledger_lock.ts";
import { openMoment } from "./ledger_moment.ts";
import {
  requireFreeName,
  requireOneName,
  resolveLedgerPath,
  resolveNewPath,
} from "./ledger_path.ts";
import { keptName, replaceLedgerFile, takeBackReplacement } from "./replace_ledger_file.ts";

/**
 * Copies a ledger as it is at this moment, while its server goes on.
 *
 * @param to is made, 0600, never overwritten; whole and on the disk, or not there
 * @throws {FileError} when there is a file of that name, or it cannot be made
 * @throws {LedgerError} when the ledger cannot be read, or is of an older version
 * @throws {LedgerFullError} when there is no room
 */
export function backupSqliteLedger(
  { file, to }: { readonly file: string; readonly to: string },
): void {
  const target = resolveNewPath(to);
  const attempt = `cannot make the backup ${target}`;
  withMoment(
    file,
    ({ ledgerId, ...options }) => createLedgerFile(target, ledgerId, { attempt, ...options }),
  );
}

/** The place of a ledger, held for a restore. Nobody else writes the ledger until it is disposed of. */
export interface RestorePlace extends Disposable {
  /**
   * Copies a backup beside the place, row by row. What is checked and what is put in place is this copy, which nobody else has: the
   * backup may be where others can write.
   *
   * @throws {LedgerError} when the backup cannot be read, or holds what no ledger can
   * @throws {LedgerFullError} when there is no room
   * @throws {FileError} when the copy cannot be made, or the backup is the ledger itself
   */
  copy(backup: string): RestoreCopy;
  /** The ledger's real path. */
  readonly file: string;
}

/** The copy of a backup. It is removed when it is disposed of, unless it was put in the ledger's place. */
export interface RestoreCopy extends Disposable {
  readonly file: string;
  /**
   * Puts the copy in the ledger's place, at once and whole: killed at any moment, the place holds the one or the other. What was
   * there is kept beside it, also what is too damaged to be opened; nothing is ever overwritten, so nobody has to insist. To be
   * called once.
   *
   * @param options `atMs` is the wall-clock time; it names the ledger that is replaced
   * @returns the name under which the replaced ledger is kept; `undefined` when there was none
   * @throws {LedgerBusyError} when another program has the ledger open
   * @throws {LedgerFullError} when there is no room
   * @throws {FileError} when files cannot be renamed
   */
  put(options: { readonly atMs: number }): string | undefined;
}

/**
 * Takes the place of a ledger for a restore, before the time is spent to audit the backup.
 *
 * @throws {LedgerError} when a server uses the ledger
 * @throws {LedgerBusyError} when another command uses it
 * @throws {FileError} when the place cannot be used
 */
export function openRestorePlace(path: string): RestorePlace {
  const file = resolveLedgerPath(path);
  const attempt = `cannot restore the ledger ${file}`;
  if (!ledgerFileExists(file)) requireFreeName(file, attempt);
  const lock = takeLedgerLock(file, { use: "replace", attempt });
  try {
    if (ledgerFileExists(file)) {
      takeBackReplacement(file);
      requireOneName(file, attempt);
    }
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    file,
    copy: (backup) => {
      requireOther(backup, file);
      const copy = withMoment(
        backup,
        ({ ledgerId, ...moment }) => writeUnfinished(file, ledgerId, { attempt, ...moment }),
      );
      const remove = () => removeUnfinished(copy);
      const put = ({ atMs }: { readonly atMs: number }) => {
        try {
          return putCopy(copy, { file, atMs, attempt });
        } finally {
          remove();
        }
      };
      return { file: copy, put, [Symbol.dispose]: remove };
    },
    [Symbol.dispose]: () => lock.release(),
  };
}

function putCopy(
  copy: string,
  { file, atMs, attempt }: {
    readonly file: string;
    readonly atMs: number;
    readonly attempt: string;
  },
): string | undefined {
  if (!ledgerFileExists(file)) {
    requireFreeName(file, attempt);
    placeLedgerFile(copy, file, attempt);
    return undefined;
  }
  const kept = keptName(file, atMs);
  replaceLedgerFile(file, { by: copy, kept });
  return kept;
}

/** What the making of a copy needs to know. */
type Moment = LedgerFileMarks & Required<Omit<CreateOptions, "attempt">>;

/** Runs an action on one moment of a ledger. */
function withMoment<T>(path: string, run: (moment: Moment) => T): T {
  const { database, file, marks } = openMoment(path);
  try {
    return run({ ...marks, fill: (copy) => copyTables({ database, file }, copy) });
  } finally {
    database.close();
  }
}

/** Through links as well: a restore keeps the ledger under another name, and the backup would go with it. */
function requireOther(backup: string, file: string): void {
  if (resolveLedgerPath(backup) !== file) return;
  throw new FileError(`cannot restore the ledger ${file}: the backup is that very file`);
}
