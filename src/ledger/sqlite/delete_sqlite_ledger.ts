import { identifyLedgerFile, ledgerFileExists, removeIfThere } from "./ledger_file.ts";
import { servingLockFile, takeServingLock } from "./serving_lock.ts";

/**
 * Removes a ledger's file and what belongs to it, for `--reset` and `--delete-db-on-exit`. Whatever ledger it is: the caller
 * has asked. The ledger must be closed; a missing one is fine.
 *
 * @throws {LedgerError} when the file is not a ledger, or a server is using it; it is then left as it was
 * @throws {FileError} when it cannot be read or deleted
 */
export function deleteSqliteLedger(file: string): void {
  const logs = [`${file}-wal`, `${file}-shm`, `${file}-journal`];
  if (ledgerFileExists(file)) identifyLedgerFile(file);
  // A log alone is what is left of a ledger whose file somebody deleted by hand.
  else if (!logs.some(ledgerFileExists)) return;
  const lock = takeServingLock(file);
  try {
    // The log goes first: without its file it is worth nothing, but beside a new file of the same name it would be taken for
    // part of that one.
    for (const gone of [...logs, file]) removeIfThere(gone);
    removeIfThere(servingLockFile(file));
  } finally {
    lock.release();
  }
}
