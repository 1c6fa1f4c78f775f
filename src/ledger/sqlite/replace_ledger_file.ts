/**
 * Putting another file in a ledger's place without a moment in which there is none.
 */
import { FileError, LedgerBusyError, messageOf, MicropayError } from "../../errors.ts";
import { syncFolderNow } from "../../sync_folder.ts";
import { connect, ledgerFileExists, removeIfThere } from "./ledger_file.ts";
import { folderOf, placeNewFile } from "./new_file.ts";
import { sqliteCondition } from "./sqlite_error.ts";

/**
 * Gives the ledger another name and a finished file its place. To be called under the serving lock.
 *
 * What SQLite keeps beside a ledger has to be gone first: the log of one beside another would be taken for part of that one, and
 * written into it. So the log is brought into its file; only where the file is too damaged for that, the log goes with it.
 *
 * @param options `by` is a ledger that no program has open, and is gone afterwards; `kept` is the replaced ledger's new name
 * @throws {LedgerBusyError} when another program has the ledger open; nothing was changed
 * @throws {FileError} when there is a file of the name `kept`, or the folder cannot be written
 */
export function replaceLedgerFile(
  file: string,
  { by, kept }: { readonly by: string; readonly kept: string },
): void {
  const attempt = `cannot keep the ledger ${file} as ${kept}`;
  try {
    const isWhole = foldLog(file);
    // Two names for one file for an instant, and then the one name for the other file: it is never without.
    placeNewFile(file, kept, { attempt });
    try {
      if (!isWhole) moveLog(file, kept);
      Deno.renameSync(by, file);
    } catch (error) {
      moveLog(kept, file);
      if (ledgerFileExists(file)) removeIfThere(kept);
      else renameIfThere(kept, file);
      throw error;
    }
    syncFolderNow(folderOf(file));
  } catch (error) {
    if (error instanceof MicropayError) throw error;
    throw new FileError(`${attempt}: ${messageOf(error)}`, { cause: error });
  }
}

function moveLog(from: string, to: string): void {
  for (const suffix of ["-wal", "-shm", "-journal"]) {
    renameIfThere(`${from}${suffix}`, `${to}${suffix}`);
  }
}

/**
 * Makes a file the whole ledger, with nothing beside it. SQLite does that only for the one connection there is.
 *
 * @returns whether it could; not when the file is damaged
 */
function foldLog(file: string): boolean {
  const database = connect(file, { readOnly: false });
  try {
    database.prepare("PRAGMA busy_timeout = 1000").get();
    database.prepare("PRAGMA synchronous = FULL").get();
    database.prepare("PRAGMA fullfsync = ON").get();
    // Reads the file, so that one that is none is told from one that has no log.
    database.prepare("PRAGMA user_version").get();
    const mode = Object.values(database.prepare("PRAGMA journal_mode = DELETE").get() ?? {})[0];
    return mode === "delete";
  } catch (error) {
    if (sqliteCondition(error) !== "busy") return false;
    throw new LedgerBusyError(
      `cannot replace the ledger ${file}: another program has it open; close that one first`,
      { cause: error },
    );
  } finally {
    database.close();
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
