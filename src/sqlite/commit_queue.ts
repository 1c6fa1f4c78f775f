/**
 * Group commit: all operations of one turn of the event loop share one transaction and one fsync.
 */
import { batchOperationsMax, commitLockWaitMs } from "../limits.ts";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { yieldToEventLoop } from "../yield_to_event_loop.ts";
import { resultCode, resultCodeOf, sqliteCondition } from "./sqlite_error.ts";

/** Reads and writes through prepared statements. It runs without a pause inside the transaction. */
export type Operation<T> = () => T;

/** How a {@link CommitQueue} handles errors and transactions. */
export interface CommitQueueOptions {
  /**
   * Converts an error of SQLite or of `begin` into the callers' error. Its own errors stay
   * unchanged.
   */
  readonly errorOf: (error: unknown) => Error;
  /** Returns whether the file's state is unknown after this error, until it is opened again. */
  readonly isFatal: (error: unknown) => error is Error;
  /** Wait of a write for a lock, in milliseconds. */
  readonly lockWaitMs?: number;
  /**
   * Runs first in each transaction. It throws when the path names another file, and applies pending
   * changes.
   */
  readonly begin?: () => void;
  /** Runs after each commit. */
  readonly committed?: () => void;
}

interface Waiting {
  readonly operation: Operation<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Settles one caller's promise, after the commit. */
type Settlement = () => void;

/** Collects operations and commits them in batches. */
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

  /** The failure after which the storage may not be used, or `undefined`. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Runs an operation in the next transaction. An error of it undoes this operation alone.
   *
   * @returns the operation's result, after the commit
   * @throws the error of `errorOf`, when the storage is full, locked, read-only or has failed
   */
  add<T>(operation: Operation<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ operation, resolve: resolve as Waiting["resolve"], reject });
      this.#schedule();
    });
  }

  /** Commits all waiting operations now. */
  drain(): void {
    while (this.#waiting.length > 0) this.#commitBatch();
  }

  /** Records a failure of the storage, and rejects all waiting operations. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    yieldToEventLoop().then(() => {
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
      // SQLite may have rolled back the whole transaction. Then further statements would run
      // outside of one.
      const transactionStands = condition === undefined || condition === "refused";
      if (this.#options.isFatal(error) || !transactionStands) throw error;
      this.#statements.undo.run();
      this.#statements.release.run();
      if (condition === undefined) return () => reject(error);
      // The schema refuses a row that our rules allow, so the file was changed by hand.
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
      // SQLITE_ERROR: SQLite itself ended the transaction.
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
