/**
 * Group commit: what arrives in one turn of the event loop shares one transaction and one fsync.
 */
import { batchOperationsMax, commitLockWaitMs } from "../limits.ts";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { resultCode, resultCodeOf, sqliteCondition } from "./sqlite_error.ts";

/** Reads and writes through prepared statements; runs without a pause inside the transaction. */
export type Operation<T> = () => T;

export interface CommitQueueOptions {
  /** What callers are told when SQLite fails, or `begin` throws. An error that it made itself comes back as it is. */
  readonly errorOf: (error: unknown) => Error;
  /** Whether nothing is known about the file after such an error until it is opened again. */
  readonly isFatal: (error: unknown) => error is Error;
  /** How long a write waits for a lock. */
  readonly lockWaitMs?: number;
  /** Runs first in every transaction: throws when the file is not the one that was opened any more, settles what is owed. */
  readonly begin?: () => void;
  /** Runs after every commit. */
  readonly committed?: () => void;
}

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What to tell one caller, once the batch is committed. */
type Settlement = () => void;

export class CommitQueue {
  readonly #database: DatabaseSync;
  readonly #options: CommitQueueOptions;
  readonly #statements: Record<
    "begin" | "commit" | "rollback" | "save" | "undo" | "release",
    StatementSync
  >;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #locked = false;
  #failure: Error | undefined;

  constructor(database: DatabaseSync, options: CommitQueueOptions) {
    this.#database = database;
    this.#options = options;
    this.#statements = {
      begin: database.prepare("BEGIN IMMEDIATE"),
      commit: database.prepare("COMMIT"),
      rollback: database.prepare("ROLLBACK"),
      save: database.prepare("SAVEPOINT operation"),
      undo: database.prepare("ROLLBACK TO operation"),
      release: database.prepare("RELEASE operation"),
    };
    this.#waitForLock(this.#lockWaitMs);
  }

  /** The failure after which nothing may be read or written any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Runs an operation in the next transaction. Whatever it throws undoes it alone.
   *
   * @returns what the operation returned, after the commit
   * @throws what `errorOf` makes of it, when nothing of the transaction was written because there is no room, or the file is
   * locked or read-only for now; or when the storage failed, now or earlier
   */
  add<T>(operation: Operation<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ operation, resolve: resolve as Waiting["resolve"], reject });
      this.#schedule();
    });
  }

  /** Commits all that waits, now. */
  drain(): void {
    while (this.#waiting.length > 0) this.#commitBatch();
  }

  /** Records a failure of the storage, seen by whoever read from it. Everything that waits is rejected. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    afterThisTurn(() => {
      this.#scheduled = false;
      this.#commitBatch();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #commitBatch(): void {
    const batch = this.#waiting.splice(0, batchOperationsMax);
    if (batch.length === 0) return;
    try {
      const settlements = this.#runTransaction(batch);
      this.#waitAgain();
      this.#options.committed?.();
      for (const settle of settlements) settle();
    } catch (error) {
      const failure = this.#undoTransaction(error);
      for (const { reject } of batch) reject(failure);
    }
  }

  #runTransaction(batch: readonly Waiting[]): Settlement[] {
    this.#statements.begin.run();
    this.#options.begin?.();
    const settlements = batch.map((waiting) => this.#runOperation(waiting));
    this.#statements.commit.run();
    return settlements;
  }

  #runOperation({ operation, resolve, reject }: Waiting): Settlement {
    this.#statements.save.run();
    try {
      const result = operation();
      this.#statements.release.run();
      return () => resolve(result);
    } catch (error) {
      const condition = sqliteCondition(error);
      // SQLite may have undone the whole transaction, savepoints included; going on would write outside of one.
      const transactionStands = condition === undefined || condition === "refused";
      if (this.#options.isFatal(error) || !transactionStands) throw error;
      this.#statements.undo.run();
      this.#statements.release.run();
      if (condition === undefined) return () => reject(error);
      // The file refuses what our rules allow: it is not as this program left it.
      const failure = this.#options.errorOf(error);
      return () => {
        reject(failure);
        this.fail(failure);
      };
    }
  }

  #undoTransaction(error: unknown): Error {
    const { errorOf, isFatal } = this.#options;
    const failure = errorOf(error);
    if (isFatal(failure)) {
      this.fail(failure);
    } else if (sqliteCondition(error) === "busy") {
      this.#locked = true;
      this.#waitForLock(0);
    }
    try {
      this.#statements.rollback.run();
    } catch (rollbackError) {
      // SQLITE_ERROR: no transaction is open, because SQLite ended it itself.
      if (resultCodeOf(rollbackError) !== resultCode.error) {
        this.fail(errorOf(rollbackError));
      }
    }
    return failure;
  }

  #waitAgain(): void {
    if (!this.#locked) return;
    this.#locked = false;
    this.#waitForLock(this.#lockWaitMs);
  }

  get #lockWaitMs(): number {
    return this.#options.lockWaitMs ?? commitLockWaitMs;
  }

  #waitForLock(waitMs: number): void {
    this.#database.prepare(`PRAGMA busy_timeout = ${waitMs}`).get();
  }
}

/**
 * Runs an action after everything that is ready now had its turn. A message and not a timer: Deno's timers, and its
 * `setImmediate` before 2.9, take a millisecond, which is four commits.
 */
function afterThisTurn(action: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    port2.close();
    action();
  };
  port2.postMessage(undefined);
}
