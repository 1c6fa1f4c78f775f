/**
 * Replaces a ledger's file, so that its path always names a ledger.
 *
 * The caller holds the ledger's lock for `replace`, so no server or ledger command has the file
 * open. Other programs may: a person's `sqlite3`, an audit, a backup. SQLite finds a log by the
 * name of its file, so an open log of the old file must never meet the new file:
 *
 * - A program that has read a ledger with a log holds a lock on it. Then folding the log fails as
 *   busy, and nothing changes.
 * - After folding the log, we hold SQLite's lock on the old file until the new one is in place.
 *   Meanwhile no program can start a log or a journal.
 * - A program that opened the old file and did not read it keeps the old file. SQLite notices the
 *   move (SQLITE_READONLY_DBMOVED), and does not let it write or fold a log.
 */
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
  attempting,
  placeFile,
  removeIfThere,
  renameIfThere,
  syncFolder,
} from "../../durable_files.ts";
import { LedgerBusyError } from "../../errors.ts";
import { sqliteCondition } from "../../sqlite/sqlite_error.ts";
import { connect, ledgerFileExists } from "./ledger_file.ts";
import { logSuffixes, nameTaken } from "./ledger_path.ts";
import { makeDurable } from "../../sqlite/durable_database.ts";

const keptMark = ".replaced-";

/** Returns the name under which a replaced ledger is kept. */
export function keptName(file: string, atMs: number): string {
  return `${file}${keptMark}${new Date(atMs).toISOString().replaceAll(":", "")}`;
}

/**
 * Renames the ledger and puts a finished file in its place. The caller holds the lock for
 * `replace`. When the ledger is too damaged to fold its log, the log is renamed with it.
 *
 * @param options.by a ledger that no program has open; it moves away from its path
 * @param options.kept the new name of the replaced ledger
 * @throws {LedgerBusyError} when another program has the ledger open; nothing is changed then
 * @throws {FileError} when the name `kept` is taken, or the folder is not writable
 */
export function replaceLedgerFile(
  file: string,
  { by, kept }: { readonly by: string; readonly kept: string },
): void {
  const attempt = `cannot keep the ledger ${file} as ${kept}`;
  using held = holdAlone(file, `cannot replace the ledger ${file}`);
  attempting(attempt, () => {
    // The old file has two names for an instant. Then the new file takes over the first one, so
    // that it always names a ledger.
    if (!placeFile(file, kept)) throw nameTaken(attempt);
    try {
      if (!held.isWhole) moveLog(file, kept);
      Deno.renameSync(by, file);
    } catch (error) {
      moveLog(kept, file);
      if (ledgerFileExists(file)) removeIfThere(kept);
      else renameIfThere(kept, file);
      throw error;
    }
    syncFolder(dirname(file));
  });
}

/**
 * Deletes a ledger and its log. The caller holds the lock for `replace`.
 *
 * @throws as {@link replaceLedgerFile}
 */
export function removeLedgerFile(file: string): void {
  using _held = holdAlone(file, `cannot delete the ledger ${file}`);
  removeLog(file);
  removeIfThere(file);
}

/** Deletes the log of a missing ledger, which SQLite would otherwise apply to the next one. */
export function removeLog(file: string): void {
  for (const suffix of logSuffixes) removeIfThere(`${file}${suffix}`);
}

/**
 * Undoes a restore that was killed in between, when the ledger has both its own name and the kept
 * one. The caller holds the lock, so no restore runs.
 *
 * @throws {FileError} when the folder cannot be read or written
 */
export function takeBackReplacement(file: string): void {
  const found = Deno.statSync(file);
  if ((found.nlink ?? 1) <= 1) return;
  const folder = dirname(file);
  attempting(`cannot take back the unfinished restore of ${file}`, () => {
    for (const { name } of [...Deno.readDirSync(folder)]) {
      if (!name.startsWith(`${basename(file)}${keptMark}`)) continue;
      const kept = join(folder, name);
      const { ino, dev } = Deno.lstatSync(kept);
      if (ino !== found.ino || dev !== found.dev) continue;
      moveLog(kept, file);
      removeIfThere(kept);
    }
  });
}

interface HeldLedger extends Disposable {
  /** Whether the file is the complete ledger, without a log. False when it is too damaged. */
  readonly isWhole: boolean;
}

/** Folds a ledger's log into its file, and excludes all other programs. */
function holdAlone(file: string, attempt: string): HeldLedger {
  const busy = (cause?: unknown) =>
    new LedgerBusyError(`${attempt}: another program has it open; close that one first`, { cause });
  const database = connect(file, { readOnly: false });
  try {
    if (foldLog(database)) {
      database.prepare("BEGIN EXCLUSIVE").run();
      // Another program may have started a log between the two statements.
      if (journalMode(database, "") !== "delete") throw busy();
      return { isWhole: true, [Symbol.dispose]: () => database.close() };
    }
  } catch (error) {
    const condition = sqliteCondition(error);
    if (condition === undefined || condition === "busy") {
      database.close();
      throw condition === undefined ? error : busy(error);
    }
  }
  database.close();
  return { isWhole: false, [Symbol.dispose]: () => {} };
}

/** SQLite folds the log for the only connection, and is busy otherwise. */
function foldLog(database: DatabaseSync): boolean {
  database.prepare("PRAGMA busy_timeout = 1000").get();
  makeDurable(database);
  // Reads the file, so that a foreign file is not taken for a ledger without a log.
  database.prepare("PRAGMA user_version").get();
  return journalMode(database, " = DELETE") === "delete";
}

function journalMode(database: DatabaseSync, change: "" | " = DELETE"): unknown {
  return Object.values(database.prepare(`PRAGMA journal_mode${change}`).get() ?? {})[0];
}

function moveLog(from: string, to: string): void {
  for (const suffix of logSuffixes) renameIfThere(`${from}${suffix}`, `${to}${suffix}`);
}
