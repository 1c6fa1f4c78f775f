/** Backs up a ledger, and restores a backup. */
import { FileError } from "../../errors.ts";
import { copyFromStore, copyTables, type RowSource } from "./copy_tables.ts";
import {
  createFilledLedgerFile,
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
 * Copies a ledger as of this moment, while its server goes on.
 *
 * @param to the path of the backup, which gets mode 0600. Nothing is overwritten. After a failure
 * it does not exist.
 * @throws {FileError} when the file exists or cannot be made
 * @throws {LedgerError} when the ledger cannot be read, or has an older version
 * @throws {LedgerFullError} when the disk is full
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

/**
 * Copies a ledger of another store into a file, as {@link backupSqliteLedger} does.
 *
 * @throws as {@link backupSqliteLedger}
 */
export async function backupLedgerFrom(
  source: RowSource & { readonly ledgerId: string },
  { to }: { readonly to: string },
): Promise<void> {
  const target = resolveNewPath(to);
  await createFilledLedgerFile(target, source.ledgerId, {
    attempt: `cannot make the backup ${target}`,
    fill: (database) => copyFromStore(source, database),
  });
}

/** A ledger's path, locked for a restore. Nobody else writes the ledger until it is disposed of. */
export interface RestorePlace extends Disposable {
  /**
   * Copies a backup row by row to a file beside the ledger. The caller checks and places this copy,
   * because others may be able to change the backup itself.
   *
   * @throws {LedgerError} when the backup cannot be read, or breaks the rules of a ledger
   * @throws {LedgerFullError} when the disk is full
   * @throws {FileError} when the copy cannot be made, or the backup is the ledger itself
   */
  copy(backup: string): RestoreCopy;
  /** The ledger's real path. */
  readonly file: string;
}

/** The copy of a backup. Disposing of it removes it, unless it was put in the ledger's place. */
export interface RestoreCopy extends Disposable {
  readonly file: string;
  /**
   * Puts the copy in the ledger's place in one step: after a kill, the path names the one or the
   * other. The old ledger is kept beside it, even when it is damaged. Call it once.
   *
   * @param options.atMs wall-clock time in milliseconds since the epoch, for the old ledger's new
   * name
   * @returns the new name of the old ledger, or `undefined` when there was none
   * @throws {LedgerBusyError} when another program has the ledger open
   * @throws {LedgerFullError} when the disk is full
   * @throws {FileError} when files cannot be renamed
   */
  put(options: { readonly atMs: number }): string | undefined;
}

/**
 * Locks a ledger's path for a restore, before the time is spent to audit the backup.
 *
 * @throws {LedgerError} when a server uses the ledger
 * @throws {LedgerBusyError} when another command uses it
 * @throws {FileError} when the path cannot be used
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

/** The source of a copy. */
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

/**
 * Compares after links, because the restore renames the ledger and the backup would be renamed with
 * it.
 */
function requireOther(backup: string, file: string): void {
  if (resolveLedgerPath(backup) !== file) return;
  throw new FileError(`cannot restore the ledger ${file}: the backup is the same file`);
}
