/** Opens a ledger in SQLite: its file, its lock, and the ledger itself. */
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

/** Which ledger to open, and how. */
export interface SqliteLedgerOptions {
  readonly file: string;
  /** The CA's fingerprint, 64 hex digits. A file of another CA is refused. */
  readonly ledgerId: string;
  /**
   * Whether the caller is the one server: it makes a missing file and starts with everybody
   * offline. A command beside a server passes `false`.
   */
  readonly serve?: boolean;
}

/**
 * Opens a ledger.
 *
 * @throws {LedgerError} when the file is not a ledger, is damaged, has a newer version, belongs to
 * another CA, or is served
 * @throws {FileError} when the file or its folder is missing or not accessible, or the path is a
 * folder
 * @throws {LedgerFullError} when the disk is full
 * @throws {LedgerBusyError} when another program holds it locked, or it is read-only
 */
export async function openSqliteLedger(options: SqliteLedgerOptions): Promise<SqliteLedger> {
  const { ledgerId, serve = true } = options;
  const file = resolveLedgerPath(options.file);
  const exists = ledgerFileExists(file);
  if (!serve) requireLedgerFile(file);
  // An existing file is identified first, so that no lock file is left beside a foreign file.
  if (exists) requireSameLedger(file, identifyLedgerFile(file).ledgerId, ledgerId);
  let database: DatabaseSync | undefined;
  let lock: FileLock | undefined;
  try {
    const use = serve ? "serve" : "write";
    lock = takeLedgerLock(file, { use, attempt: `cannot ${use} the ledger ${file}` });
    await prepareFile(file, { ledgerId, serve });
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

/** Makes, migrates or checks the file, under the lock. */
async function prepareFile(
  file: string,
  { ledgerId, serve }: { readonly ledgerId: string; readonly serve: boolean },
): Promise<void> {
  if (!ledgerFileExists(file)) {
    if (serve) await createLedgerFile(file, ledgerId);
    else requireLedgerFile(file);
    return;
  }
  takeBackReplacement(file);
  requireOneName(file, `cannot open the ledger ${file}`);
  if (serve) await migrateLedger(file, identifyLedgerFile(file));
}
