/** One moment of a ledger: a read transaction on a read-only connection. */
import type { DatabaseSync } from "node:sqlite";
import { inodeOf } from "../../durable_files.ts";
import { LedgerBusyError, MicropayError } from "../../errors.ts";
import {
  connect,
  type LedgerFileMarks,
  marksOf,
  requireCurrent,
  requireLedgerFile,
} from "./ledger_file.ts";
import { requireOneName, resolveLedgerPath } from "./ledger_path.ts";
import { ledgerError } from "./ledger_error.ts";

/** An open read transaction on a ledger. */
export interface LedgerMoment {
  readonly database: DatabaseSync;
  /** The ledger's real path. */
  readonly file: string;
  readonly marks: LedgerFileMarks;
}

/**
 * Opens a ledger as of now, beside its server. The caller closes the database. SQLite's lock keeps
 * the ledger from being replaced meanwhile.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, or has another version
 * @throws {LedgerBusyError} when it was replaced at this instant
 * @throws {FileError} when it cannot be read
 */
export function openMoment(path: string): LedgerMoment {
  const file = resolveLedgerPath(path);
  requireLedgerFile(file);
  const inode = inodeOf(file);
  const database = connect(file, { readOnly: true });
  const attempt = `cannot read the ledger ${file}`;
  try {
    const marks = marksOf(database, file);
    requireCurrent(file, marks);
    database.prepare("BEGIN").run();
    // A read transaction starts with its first read.
    const { journal_mode } = database.prepare("PRAGMA journal_mode").get()!;
    database.prepare("SELECT id FROM ledger").get();
    // A backup program may hard-link unchanged files. That harms only a ledger with a log.
    if (journal_mode === "wal") requireOneName(file, attempt);
    // SQLite finds a log by its name, so it would combine the old file with the new log.
    if (inodeOf(file) !== inode) {
      throw new LedgerBusyError(`${attempt}: it was replaced just now; try again`);
    }
    return { database, file, marks };
  } catch (error) {
    database.close();
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  }
}
