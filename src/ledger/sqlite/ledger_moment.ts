/**
 * One moment of a ledger, for reading: a read transaction on a connection that cannot write.
 */
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

export interface LedgerMoment {
  readonly database: DatabaseSync;
  /** The ledger's real path. */
  readonly file: string;
  readonly marks: LedgerFileMarks;
}

/**
 * Opens a ledger as it is now, beside its server. The caller closes the database.
 *
 * While it is open the ledger cannot be replaced: SQLite's lock on the file stands against that.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, or of another version than this program's
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
    // A read transaction begins with its first read.
    const { journal_mode } = database.prepare("PRAGMA journal_mode").get()!;
    database.prepare("SELECT id FROM ledger").get();
    // A backup program may link files that did not change. That harms a ledger only where it has a log.
    if (journal_mode === "wal") requireOneName(file, attempt);
    // SQLite would look for the log of the file that we opened, and find that of the next one.
    if (inodeOf(file) !== inode) {
      throw new LedgerBusyError(`${attempt}: it was replaced just now; try again`);
    }
    return { database, file, marks };
  } catch (error) {
    database.close();
    throw error instanceof MicropayError ? error : ledgerError(attempt, error);
  }
}
