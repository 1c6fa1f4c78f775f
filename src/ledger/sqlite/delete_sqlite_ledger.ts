import { removeIfThere } from "../../durable_files.ts";
import { identifyLedgerFile, ledgerFileExists } from "./ledger_file.ts";
import { ledgerLockFile, takeLedgerLock } from "./ledger_lock.ts";
import { logSuffixes, requireOneName, resolveLedgerPath } from "./ledger_path.ts";
import { removeLedgerFile, removeLog, takeBackReplacement } from "./replace_ledger_file.ts";

/**
 * Removes a ledger's file and what belongs to it, for `--reset` and `--delete-db-on-exit`. Whatever ledger it is: the caller
 * has asked. The ledger must be closed; a missing one is fine. A symbolic link to it stays.
 *
 * @throws {LedgerError} when the file is not a ledger, or a server is using it; it is then left as it was
 * @throws {LedgerBusyError} when another command or program is using it
 * @throws {FileError} when it cannot be read or deleted, or has another name
 */
export function deleteSqliteLedger(path: string): void {
  const file = resolveLedgerPath(path);
  if (ledgerFileExists(file)) identifyLedgerFile(file);
  // A log alone is what is left of a ledger whose file somebody deleted by hand.
  else if (!logSuffixes.some((suffix) => ledgerFileExists(`${file}${suffix}`))) return;
  const attempt = `cannot delete the ledger ${file}`;
  using _lock = takeLedgerLock(file, { use: "replace", attempt });
  if (ledgerFileExists(file)) {
    takeBackReplacement(file);
    requireOneName(file, attempt);
    removeLedgerFile(file);
  } else removeLog(file);
  removeIfThere(ledgerLockFile(file));
}
