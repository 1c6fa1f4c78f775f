/**
 * Copies of a ledger for keeping, and putting one in the ledger's place.
 */
import { FileError, messageOf } from "../../errors.ts";
import { copyTables } from "./copy_tables.ts";
import { createLedgerFile } from "./create_ledger_file.ts";
import { connect, ledgerFileExists, marksOf, requireCurrent } from "./ledger_file.ts";
import { takeServingLock } from "./serving_lock.ts";

/**
 * Copies a ledger as it is at this moment, while its server goes on.
 *
 * @param to is made, 0600, never overwritten; whole or not there
 * @throws {FileError} when there is a file of that name, or it cannot be made
 * @throws {LedgerError} when the ledger cannot be read; {LedgerFullError} when there is no room
 */
export function backupSqliteLedger({ file, to }: { file: string; to: string }): void {
  const database = connect(file, { readOnly: true });
  try {
    const marks = marksOf(database, file);
    requireCurrent(file, marks);
    database.prepare("BEGIN").run();
    createLedgerFile(to, marks.ledgerId, {
      version: marks.version,
      fill: (copy) => copyTables(database, copy),
    });
  } finally {
    database.close();
  }
}

export interface RestoreOptions {
  /** A ledger that was audited. */
  readonly backup: string;
  /** Where it has to go. */
  readonly file: string;
  /** Wall-clock time in milliseconds since the epoch; names the ledger that is replaced. */
  readonly atMs: number;
}

/**
 * Puts a copy of a backup in a ledger's place. What was there is kept under another name.
 *
 * @returns the name under which the replaced ledger is kept; `undefined` when there was none
 * @throws {LedgerError} when a server uses the ledger, or the backup cannot be read
 * @throws {FileError} when files cannot be made or renamed
 */
export function restoreSqliteLedger({ backup, file, atMs }: RestoreOptions): string | undefined {
  const exists = ledgerFileExists(file);
  const lock = takeServingLock(file);
  const incoming = `${file}.restoring`;
  try {
    backupSqliteLedger({ file: backup, to: incoming });
    const kept = `${file}.replaced-${new Date(atMs).toISOString().replaceAll(":", "")}`;
    if (exists) {
      emptyLog(file);
      moveLedger(file, kept);
    }
    moveLedger(incoming, file);
    return exists ? kept : undefined;
  } finally {
    lock.release();
  }
}

/** Brings what a killed server left in the log into the file, so that the file alone is the ledger. */
function emptyLog(file: string): void {
  try {
    const database = connect(file, { readOnly: false });
    database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    database.close();
  } catch {
    // Too damaged to be opened: it is kept with its log, as it is.
  }
}

/** Renames a ledger with the log beside it, which next to another ledger would be taken for part of that one. */
function moveLedger(from: string, to: string): void {
  for (const suffix of ["-wal", "-shm", ""]) {
    try {
      Deno.renameSync(`${from}${suffix}`, `${to}${suffix}`);
    } catch (cause) {
      if (suffix !== "" && cause instanceof Deno.errors.NotFound) continue;
      throw new FileError(`cannot rename ${from}${suffix} to ${to}${suffix}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}
