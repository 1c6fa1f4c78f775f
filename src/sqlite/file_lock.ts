/**
 * A lock between processes: SQLite's lock on an empty database.
 *
 * It works within a process as between two, and the kernel frees it when its holder ends in any
 * way. The runtime's `Deno.FsFile.lock` blocks the whole process before Deno 2.9.
 */
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { attempting, inodeOf, reserveName } from "../durable_files.ts";
import { FileError } from "../errors.ts";
import { fileLockWaitMs, lockFileTriesMax } from "../limits.ts";
import { failureReason, sqliteCondition } from "./sqlite_error.ts";

/**
 * What the holder of a lock excludes.
 *
 * - `shared`: a holder of `exclusive`.
 * - `reserved`: a holder of `reserved` or `exclusive`.
 * - `exclusive`: every other holder.
 */
export type LockMode = "shared" | "reserved" | "exclusive";

/** A held lock. It ends when it is released, or with the process. */
export interface FileLock extends Disposable {
  release(): void;
}

/** Another holder excludes this one. */
export class LockTakenError extends FileError {
  /** The least mode that was refused. It tells how the other process holds the lock. */
  readonly mode: LockMode;

  constructor(path: string, mode: LockMode, options: { cause?: unknown } = {}) {
    super(`lock ${path}: another process holds it; end that process, or try again later`, options);
    this.mode = mode;
  }
}

/**
 * Takes the lock. A wait for it blocks the process.
 *
 * @param path the file that carries the lock; it is made, and stays empty
 * @param options `waitMs` is how long to wait for a holder; nobody waits for a holder of `reserved`
 * @throws {LockTakenError} when another holder excludes this one
 * @throws {FileError} when the file cannot be made or locked
 */
export function takeFileLock(
  path: string,
  { mode, waitMs }: { readonly mode: LockMode; readonly waitMs: number },
): FileLock {
  return takeSteps(path, { steps: stepsTo[mode], waitMs });
}

function takeSteps(
  path: string,
  { steps, waitMs }: { readonly steps: readonly LockMode[]; readonly waitMs: number },
): FileLock {
  for (let attempts = 1; attempts <= lockFileTriesMax; attempts++) {
    attempting(
      `cannot make the file ${path}: its folder is missing or not writable`,
      // Closing a file's descriptor frees this process's locks on the file. A new file has none.
      () => reserveName(path),
    );
    const inode = inodeOf(path);
    const database = attempting(`cannot open the file ${path}`, () => new DatabaseSync(path));
    // A lock on a file that was removed meanwhile excludes nobody, and SQLite may fail on it.
    const isCurrent = () => inode !== undefined && inodeOf(path) === inode;
    const release = () => database.close();
    try {
      for (const step of steps) take(database, step, { path, waitMs });
      if (isCurrent()) return { release, [Symbol.dispose]: release };
    } catch (error) {
      if (isCurrent()) {
        release();
        throw error;
      }
    }
    release();
  }
  throw new LockTakenError(path, "shared");
}

/** Each path's last action in this process. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Runs an action while no other one runs under the same path, in this process or another. The empty
 * lock file stays: removing it would disturb the processes that wait for it.
 *
 * @throws {LockTakenError} when another process holds the lock for {@link fileLockWaitMs}
 * @throws {FileError} when the file cannot be made or locked
 */
export function whileLocked<T>(path: string, action: () => Promise<T> | T): Promise<T> {
  const key = resolve(path);
  const run = async () => {
    // In one step, which waits for all other holders.
    using _lock = takeSteps(path, { steps: ["exclusive"], waitMs: fileLockWaitMs });
    return await action();
  };
  // Within the process an action waits for the previous one, because SQLite's wait would block
  // both.
  const turn = (turns.get(key) ?? Promise.resolve()).then(run, run);
  turns.set(key, turn);
  const forget = () => {
    if (turns.get(key) === turn) turns.delete(key);
  };
  turn.then(forget, forget);
  return turn;
}

/**
 * Each step first releases the previous lock, so its failure tells how the other process holds the
 * lock.
 */
const stepsTo: Readonly<Record<LockMode, readonly LockMode[]>> = {
  shared: ["shared"],
  reserved: ["shared", "reserved"],
  exclusive: ["shared", "reserved", "exclusive"],
};

const statements: Readonly<Record<LockMode, readonly string[]>> = {
  // This pragma reads the file when it runs. A SELECT reads it when prepared, which fails without a
  // code in Deno 2.4.
  shared: ["BEGIN", "PRAGMA user_version"],
  reserved: ["BEGIN IMMEDIATE"],
  exclusive: ["BEGIN EXCLUSIVE"],
};

function take(
  database: DatabaseSync,
  mode: LockMode,
  { path, waitMs }: { readonly path: string; readonly waitMs: number },
): void {
  try {
    // Fails in the first step, which has no transaction.
    tryTo(database, "ROLLBACK");
    // A journal in memory makes no file beside this one. It fails at once on a
    // locked file, and the statements below tell why.
    database.prepare("PRAGMA busy_timeout = 0").get();
    tryTo(database, "PRAGMA journal_mode = MEMORY");
    database.prepare(`PRAGMA busy_timeout = ${mode === "reserved" ? 0 : waitMs}`).get();
    for (const statement of statements[mode]) database.prepare(statement).get();
  } catch (cause) {
    if (sqliteCondition(cause) === "busy") throw new LockTakenError(path, mode, { cause });
    throw new FileError(`cannot lock the file ${path}: ${failureReason(cause)}`, { cause });
  }
}

function tryTo(database: DatabaseSync, statement: string): void {
  try {
    database.prepare(statement).get();
  } catch {
    // The caller explains why.
  }
}
