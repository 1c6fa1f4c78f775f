/** Writes copies of ledgers into files: a backup, and the file of a restore or a copy. */
import { isThere, removeIfThere } from "../../durable_files.ts";
import { FileError } from "../../errors.ts";
import type { FileLock } from "../../sqlite/file_lock.ts";
import type { RowSource } from "../row_copy.ts";
import {
  createLedgerFile,
  placeLedgerFile,
  removeUnfinished,
  writeUnfinished,
} from "./create_ledger_file.ts";
import { copyIntoFile } from "./file_row_target.ts";
import { ledgerFileExists, requireLedgerFile } from "./ledger_file.ts";
import { ledgerLockFile, takeLedgerLock } from "./ledger_lock.ts";
import {
  requireFreeName,
  requireOneName,
  resolveLedgerPath,
  resolveNewPath,
} from "./ledger_path.ts";
import { keptName, replaceLedgerFile, takeBackReplacement } from "./replace_ledger_file.ts";

/** A moment of a ledger in any store. */
export interface LedgerSource extends RowSource {
  readonly ledgerId: string;
}

/**
 * Copies one moment of a ledger into a file, while its servers go on.
 *
 * @param to the path of the backup, which gets mode 0600. Nothing is overwritten. After a failure
 * it does not exist.
 * @throws {FileError} when the file exists or cannot be made
 * @throws {LedgerError} when the ledger cannot be read, or a row breaks the rules of a ledger
 * @throws {LedgerFullError} when the disk is full
 */
export async function backupLedger(
  source: LedgerSource,
  { to }: { readonly to: string },
): Promise<void> {
  const target = resolveNewPath(to);
  await createLedgerFile(target, source.ledgerId, {
    attempt: `cannot make the backup ${target}`,
    fill: (database) => copyIntoFile(source, database),
  });
}

/**
 * Locks a ledger, so that nobody writes it while it is copied.
 *
 * @param attempt the start of an error's text
 * @throws {LedgerError} when a server uses the ledger
 * @throws {LedgerBusyError} when another command uses it
 * @throws {FileError} when there is no such file, or its lock cannot be made
 */
export function lockSource(path: string, attempt: string): FileLock {
  const file = resolveLedgerPath(path);
  requireLedgerFile(file);
  const lockFile = ledgerLockFile(file);
  const wasThere = isThere(lockFile);
  const lock = takeLedgerLock(file, { use: "replace", attempt });
  const release = () => {
    // A backup has no lock's file beside it, and keeps none.
    if (!wasThere) removeIfThere(lockFile);
    lock.release();
  };
  return { release, [Symbol.dispose]: release };
}

/** A ledger's path that is locked. Nobody else writes the ledger until it is disposed of. */
export interface RestorePlace extends Disposable {
  /**
   * Copies a ledger row by row to a file beside this path. The caller checks and places this copy,
   * because others may be able to change a backup itself.
   *
   * @param onRows as in `copyRows`
   * @throws {LedgerError} when the source cannot be read, or breaks the rules of a ledger
   * @throws {LedgerFullError} when the disk is full
   * @throws {FileError} when the copy cannot be made, or the source is the ledger itself
   */
  copy(source: LedgerSource, onRows?: (rows: number) => void): Promise<RestoreCopy>;
  /** The ledger's real path. */
  readonly file: string;
}

/** The copy of a ledger. Disposing of it removes it, unless it was put in the ledger's place. */
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
  if (!ledgerFileExists(file)) return openNewPlace(file, attempt);
  return openPlace(file, attempt, () => {
    takeBackReplacement(file);
    requireOneName(file, attempt);
  });
}

/**
 * Locks the path of a ledger that does not exist yet.
 *
 * @param attempt the start of an error's text
 * @throws as {@link openRestorePlace}, and {@link FileError} when there is a file
 */
export function openNewPlace(path: string, attempt: string): RestorePlace {
  const file = resolveLedgerPath(path);
  requireFreeName(file, attempt);
  return openPlace(file, attempt, () => requireFreeName(file, attempt));
}

function openPlace(file: string, attempt: string, prepare: () => void): RestorePlace {
  const lock = takeLedgerLock(file, { use: "replace", attempt });
  try {
    prepare();
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    file,
    copy: async (source, onRows) => {
      // After links, because a restore renames the ledger, and would rename the backup with it.
      if (source.name === file) throw new FileError(`${attempt}: the backup is the same file`);
      const copy = await writeUnfinished(file, source.ledgerId, {
        attempt,
        fill: (database) => copyIntoFile(source, database, onRows),
      });
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
