import { removeIfThere } from "../../durable_files.ts";
import { identifyLedgerFile, ledgerFileExists } from "./ledger_file.ts";
import { ledgerLockFile, takeLedgerLock } from "./ledger_lock.ts";
import { logSuffixes, requireOneName, resolveLedgerPath } from "./ledger_path.ts";
import { removeLedgerFile, removeLog, takeBackReplacement } from "./replace_ledger_file.ts";

/**
 * Deletes a ledger's file and its side files, for `--reset` and `--delete-db-on-exit`. The ledger
 * must be closed. A missing one is fine, and a symbolic link to it stays.
 *
 * @throws {LedgerError} when the file is not a ledger, or a server uses it; nothing is deleted then
 * @throws {LedgerBusyError} when another command or program uses it
 * @throws {FileError} when it cannot be read or deleted, or has another name
 */
export function deleteSqliteLedger(path: string): void {
  const file = resolveLedgerPath(path);
  if (ledgerFileExists(file)) identifyLedgerFile(file);
  // A log remains when somebody deleted the ledger's file by hand.
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
