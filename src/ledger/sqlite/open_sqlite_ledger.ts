/** Opening a ledger in SQLite: the file, its lock, and the ledger on top of both. */
import type { DatabaseSync } from "node:sqlite";
import { createLedgerFile } from "./create_ledger_file.ts";
import {
  identifyLedgerFile,
  ledgerFileExists,
  openLedgerFile,
  requireLedgerFile,
  requireSameLedger,
} from "./ledger_file.ts";
import type { FileLock } from "../../sqlite/file_lock.ts";
import { takeLedgerLock } from "./ledger_lock.ts";
import { requireOneName, resolveLedgerPath } from "./ledger_path.ts";
import { migrateLedger } from "./migrate_ledger.ts";
import { takeBackReplacement } from "./replace_ledger_file.ts";
import { SqliteLedger } from "./sqlite_ledger.ts";

export interface SqliteLedgerOptions {
  readonly file: string;
  /** The CA's fingerprint: 64 hexadecimal digits. A file made for another one is refused. */
  readonly ledgerId: string;
  /**
   * Whether to be the one server of this ledger: makes a missing file and starts with everybody offline. A command that works
   * beside a running server says `false`.
   */
  readonly serve?: boolean;
}

/**
 * Opens a ledger.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, of a newer version or another CA's, or is being served
 * @throws {FileError} when there is no file to be had: no folder, no right to read or write, a folder of that name
 * @throws {LedgerFullError} when there is no room
 * @throws {LedgerBusyError} when another program holds it locked, or it is read-only
 */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<SqliteLedger> {
  const { ledgerId, serve = true } = options;
  const file = resolveLedgerPath(options.file);
  const exists = ledgerFileExists(file);
  if (!serve) requireLedgerFile(file);
  // An existing file is looked at first: no lock file is left beside a file that is not ours.
  if (exists) requireSameLedger(file, identifyLedgerFile(file).ledgerId, ledgerId);
  let database: DatabaseSync | undefined;
  let lock: FileLock | undefined;
  try {
    const use = serve ? "serve" : "write";
    lock = takeLedgerLock(file, { use, attempt: `cannot ${use} the ledger ${file}` });
    prepareFile(file, { ledgerId, serve });
    database = openLedgerFile(file, ledgerId);
    const ledger = new SqliteLedger(database, { file, ledgerId, lock });
    if (serve) await ledger.takeAllOffline();
    return ledger;
  } catch (error) {
    database?.close();
    lock?.release();
    throw error;
  }
}

/** Makes sure, under the lock, that the file is there and is what is to be opened. */
function prepareFile(
  file: string,
  { ledgerId, serve }: { readonly ledgerId: string; readonly serve: boolean },
): void {
  if (!ledgerFileExists(file)) {
    if (serve) createLedgerFile(file, ledgerId);
    else requireLedgerFile(file);
    return;
  }
  takeBackReplacement(file);
  requireOneName(file, `cannot open the ledger ${file}`);
  if (serve) migrateLedger(file, identifyLedgerFile(file));
}
