/**
 * Putting another file in a ledger's place without a moment in which there is none.
 *
 * The caller holds the ledger's lock for `replace`, so no server and no ledger command has the file open. Other programs may:
 * a person's `sqlite3`, an audit, a backup. SQLite finds a log by the name of its file. So what a program has open under the
 * name of the old file must never meet the new one:
 *
 * - A program that has read a ledger with a log keeps a lock on it. Folding the log then fails as busy, and nothing changes.
 * - Once the log is folded we hold SQLite's lock on the old file until the new one is in its place. No program reads or writes
 *   meanwhile, so none begins a log or a journal under that name.
 * - A program that opened the old file without reading it still has the old file. SQLite does not let it write, nor fold a log
 *   on closing: it sees that the file has moved (SQLITE_READONLY_DBMOVED).
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

const keptMark = ".replaced-";

/** The name under which a replaced ledger is kept. */
export function keptName(file: string, atMs: number): string {
  return `${file}${keptMark}${new Date(atMs).toISOString().replaceAll(":", "")}`;
}

/**
 * Gives the ledger another name and a finished file its place. Under the lock, for `replace`.
 *
 * Where the ledger is too damaged to fold its log, the log goes with it under the new name.
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
  using held = holdAlone(file, `cannot replace the ledger ${file}`);
  attempting(attempt, () => {
    // One file has two names for an instant. Then the other file takes over the first name, so that it always names a ledger.
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

/** Removes a ledger and its log. Under the lock, for `replace`; throws as {@link replaceLedgerFile}. */
export function removeLedgerFile(file: string): void {
  using _held = holdAlone(file, `cannot delete the ledger ${file}`);
  removeLog(file);
  removeIfThere(file);
}

/** Removes the log of a ledger that is not there any more: it would be taken for part of the next one. */
export function removeLog(file: string): void {
  for (const suffix of logSuffixes) removeIfThere(`${file}${suffix}`);
}

/**
 * Takes back what a restore did before it was killed: the ledger has its own name and the one under which it was to be kept.
 * Under the lock: no restore is under way then.
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
  /** Whether the file is the whole ledger, with no log beside it. Not when it is too damaged for that. */
  readonly isWhole: boolean;
}

/** Folds a ledger's log into its file, and keeps every other program out of it. */
function holdAlone(file: string, attempt: string): HeldLedger {
  const busy = (cause?: unknown) =>
    new LedgerBusyError(`${attempt}: another program has it open; close that one first`, { cause });
  const database = connect(file, { readOnly: false });
  try {
    if (foldLog(database)) {
      database.prepare("BEGIN EXCLUSIVE").run();
      // Another program may have begun a log between the two statements.
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

/** SQLite does it for the only connection there is, and is busy otherwise. */
function foldLog(database: DatabaseSync): boolean {
  database.prepare("PRAGMA busy_timeout = 1000").get();
  database.prepare("PRAGMA synchronous = FULL").get();
  database.prepare("PRAGMA fullfsync = ON").get();
  // Reads the file, so that one that is none is told from one that has no log.
  database.prepare("PRAGMA user_version").get();
  return journalMode(database, " = DELETE") === "delete";
}

function journalMode(database: DatabaseSync, change: "" | " = DELETE"): unknown {
  return Object.values(database.prepare(`PRAGMA journal_mode${change}`).get() ?? {})[0];
}

function moveLog(from: string, to: string): void {
  for (const suffix of logSuffixes) renameIfThere(`${from}${suffix}`, `${to}${suffix}`);
}
