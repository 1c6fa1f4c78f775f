/**
 * Group commit over a network: the operations that wait while a batch is under way form the next
 * one. Each batch is decided once, even when its COMMIT was not answered.
 */
import type { Clock } from "../../clock.ts";
import { LedgerBusyError, LedgerError } from "../../errors.ts";
import {
  batchOperationsMax,
  databaseReconnectMsMax,
  databaseReconnectMsMin,
  databaseTriesMax,
} from "../../limits.ts";
import { type CompactRange, emptyTree, rootOf } from "../merkle_tree.ts";
import type { BatchKeys } from "./batch_keys.ts";
import type { DatabaseHealth } from "./database_health.ts";
import { ledgerErrorOf, postgresCondition, reasonOf } from "./postgres_error.ts";
import { arrayText, type Session } from "./session.ts";
import type { Place } from "./shared_decisions.ts";
import { sql } from "./statements.ts";
import { headsAfter } from "./tree_nodes.ts";
import { WorkingSet } from "./working_set.ts";

/** Decides and writes over the copies. It runs without a pause. */
export type BatchOperation<T> = (set: WorkingSet) => T;

export interface BatchQueueOptions {
  readonly clock: Clock;
  readonly health: DatabaseHealth;
  readonly ledgerId: string;
  /** The id of this process among those that write. */
  readonly writer: string;
  /** The start of an error's text, as in "cannot write the ledger postgres://…". */
  readonly attempt: string;
  readonly open: () => Promise<Session>;
  /** Returns what a try of a batch does first. It is called once for each try. */
  readonly prelude: () => Prelude;
  /** Runs before the operations of each try of a batch, with the place of the last commit. */
  readonly begin: (before: Place) => void;
  /** Runs after each commit, before its callers are answered. */
  readonly committed: (after: Place) => void;
  /** Runs after the last try of each batch. */
  readonly ended: () => void;
}

/** What a batch does before its operations, and which rows it reads for that. */
export interface Prelude {
  readonly keys: BatchKeys;
  readonly operation: BatchOperation<void>;
}

interface Waiting {
  readonly keys: BatchKeys;
  readonly operation: BatchOperation<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly sinceMs: number;
  isSettled: boolean;
}

/** The outcomes of a batch whose COMMIT was sent. */
interface Doubt {
  readonly settlements: readonly (() => void)[];
  readonly place: Place;
  readonly tree: CompactRange;
}

export class BatchQueue {
  readonly #options: BatchQueueOptions;
  #waiting: Waiting[] = [];
  #underWay: readonly Waiting[] = [];
  #running: Promise<void> | undefined;
  #session: Session | undefined;
  /** Whether the session passes notifications on. */
  #notifies = false;
  #batch = 0;
  /** The outcomes of the batch under way, when its COMMIT was sent and not answered. */
  #doubt: Doubt | undefined;
  /** The log when this process last looked. It only ever grows. */
  #seen: Pick<Doubt, "place" | "tree"> = {
    place: { number: 0, voidNumber: 0 },
    tree: emptyTree,
  };
  /** Whether the log may be another one, because the session is new. */
  #isUnchecked = true;
  #failure: Error | undefined;

  constructor(options: BatchQueueOptions) {
    this.#options = options;
    options.health.onGivenUp("write", (reason) => this.#giveUp(reason));
  }

  /** The failure after which the ledger may not be used, or `undefined`. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Runs an operation in the next batch. An error of it undoes this operation alone. A database
   * that was lost {@link databaseWaitMsMax} ago is not waited for.
   *
   * @returns the operation's result, after the commit
   * @throws {LedgerBusyError} when the database cannot be used for {@link databaseWaitMsMax}
   * @throws {LedgerFullError} when its disk is full
   * @throws {LedgerError} when the ledger contradicts its rules
   */
  add<T>(keys: BatchKeys, operation: BatchOperation<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const reason = this.#options.health.reasonToGiveUp("write");
    if (reason !== undefined) {
      // An empty batch finds out whether the database takes commits again.
      this.#running ??= this.#run();
      return Promise.reject(this.#busyError(reason));
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        keys,
        operation,
        resolve: resolve as Waiting["resolve"],
        reject,
        sinceMs: this.#options.clock.monotonicMs(),
        isSettled: false,
      });
      this.#running ??= this.#run();
    });
  }

  /** Records a failure of the ledger, and rejects all operations. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    for (const one of [...this.#underWay, ...this.#waiting.splice(0)]) reject(one, this.#failure);
  }

  /**
   * Finishes the running work, takes the members of these servers offline, and ends the session. A
   * lost database does not keep it.
   */
  async close(servers: Iterable<string>): Promise<void> {
    await this.#running;
    if (this.#batch === 0) return;
    try {
      const session = await this.#connected();
      const left = arrayText([...servers]);
      // Waits for the batches of other servers. They change the same rows in another order, and
      // PostgreSQL would undo one of both as a deadlock.
      await session.query("BEGIN");
      await session.query(sql.head);
      await session.query(sql.leave, [left]);
      await session.query(sql.forgetServers, [left]);
      await session.query(sql.forgetRelayedFor, [left]);
      await session.query(sql.forgetWriter, [this.#options.writer]);
      await session.commit();
    } catch (error) {
      // After a failure its callers know more than this.
      if (this.#failure === undefined && postgresCondition(error) === "refused") {
        throw ledgerErrorOf(this.#options.attempt, error);
      }
    } finally {
      await this.#session?.close();
    }
  }

  async #run(): Promise<void> {
    // A turn of the event loop, so that what comes together shares a batch.
    await new Promise<void>((resolve) => this.#options.clock.schedule(0, resolve));
    do {
      const batch = this.#waiting.splice(0, batchOperationsMax);
      this.#underWay = batch;
      try {
        await this.#commitBatch(batch);
      } catch (error) {
        this.fail(ledgerErrorOf(this.#options.attempt, error));
      }
      this.#options.ended();
      this.#underWay = [];
    } while (this.#waiting.length > 0);
    this.#running = undefined;
  }

  /** Tries a batch until it is decided, or nobody waits for it any more. */
  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const number = ++this.#batch;
    this.#doubt = undefined;
    let conflicts = 0;
    let waitMs = databaseReconnectMsMin;
    const isAwaited = () => batch.some(({ isSettled }) => !isSettled);
    do {
      const tryMs = this.#options.clock.monotonicMs();
      try {
        const session = await this.#connected();
        const prelude = this.#options.prelude();
        const set = await this.#load(session, [prelude.keys, ...batch.map(({ keys }) => keys)]);
        const doubt = this.#doubt;
        if (doubt !== undefined && set.batch === number) return await this.#confirm(session, doubt);
        this.#doubt = undefined;
        // An operation that was refused meanwhile must never happen.
        const undecided = batch.filter(({ isSettled }) => !isSettled);
        const settlements = this.#decide(set, prelude, undecided);
        const { place, tree } = set;
        if (!set.isChanged) {
          // A commit, because it waits until a standby has everything that the answers tell.
          await session.commit();
        } else {
          this.#doubt = { settlements, place, tree };
          const { writer } = this.#options;
          await set.store(session, { writer, batch: number, notifies: this.#notifies });
        }
        return this.#settle({ settlements, place, tree });
      } catch (error) {
        if (error instanceof LedgerError) throw error;
        const condition = postgresCondition(error);
        // The server said what became of the transaction: it is undone.
        if (condition !== "unavailable") this.#doubt = undefined;
        switch (condition) {
          case "refused":
            await this.#rollBack();
            throw error;
          case "full":
            await this.#rollBack();
            return this.#refuse(batch, ledgerErrorOf(this.#options.attempt, error));
          case "conflict":
            await this.#rollBack();
            if (++conflicts < databaseTriesMax) continue;
            return this.#refuse(batch, ledgerErrorOf(this.#options.attempt, error));
          case "unavailable":
            this.#lose(error, batch[0]?.sinceMs ?? tryMs);
            await this.#pause(waitMs);
            waitMs = Math.min(2 * waitMs, databaseReconnectMsMax);
        }
      }
    } while (isAwaited());
  }

  async #connected(): Promise<Session> {
    if (this.#session === undefined || this.#session.isLost) {
      const session = await this.#options.open();
      this.#notifies = await this.#canNotify(session);
      this.#session = session;
      this.#isUnchecked = true;
    }
    return this.#session;
  }

  /** Returns whether a session can notify other servers. Not every engine can. */
  async #canNotify(session: Session): Promise<boolean> {
    try {
      await session.query(sql.notify, [this.#options.writer]);
      return true;
    } catch (error) {
      if (session.isLost) throw error;
      return false;
    }
  }

  async #load(session: Session, keys: readonly BatchKeys[]): Promise<WorkingSet> {
    const { ledgerId, writer } = this.#options;
    const set = await WorkingSet.load(session, keys, { writer, ledgerId });
    await this.#requireSeen(session, set);
    return set;
  }

  /**
   * Checks that the log still begins with the rows that this process saw. Another server may have
   * appended to an older copy, so the number of rows is not enough.
   */
  async #requireSeen(session: Session, { place, tree }: WorkingSet): Promise<void> {
    const { place: { number, voidNumber }, tree: seen } = this.#seen;
    const hasAll = place.number >= number && place.voidNumber >= voidNumber;
    let isSame = hasAll;
    if (hasAll && this.#isUnchecked && number > 0) {
      const [head] = place.number === number ? [rootOf(tree)] : await headsAfter(session, [number]);
      isSame = head === rootOf(seen);
    }
    this.#isUnchecked = !isSame;
    if (isSame) return;
    const rows = place.number < number
      ? `it has ${place.number} rows and had ${number} before`
      : `its first ${number} rows or its void orders are others than before`;
    throw new LedgerError(
      `${this.#options.attempt}: ${rows}, so acknowledged payments are lost; was it replaced by ` +
        "an older copy?",
    );
  }

  /** Runs the operations. An error undoes its operation, and a `LedgerError` the whole batch. */
  #decide(set: WorkingSet, prelude: Prelude, batch: readonly Waiting[]): (() => void)[] {
    this.#options.begin(set.place);
    prelude.operation(set);
    return batch.map((one) => {
      const before = set.undo.length;
      try {
        const value = one.operation(set);
        return () => resolve(one, value);
      } catch (error) {
        if (error instanceof LedgerError) throw error;
        set.undo.backTo(before);
        return () => reject(one, error);
      }
    });
  }

  /**
   * Answers a batch whose COMMIT happened. It commits once more, because a standby that must
   * confirm commits may not have confirmed that one.
   */
  async #confirm(session: Session, doubt: Doubt): Promise<void> {
    await session.query(sql.confirmBatch, [this.#options.writer]);
    await session.commit();
    this.#settle(doubt);
  }

  #settle({ settlements, place, tree }: Doubt): void {
    this.#seen = { place, tree };
    this.#options.health.works("write");
    this.#options.committed(place);
    for (const settle of settlements) settle();
  }

  #refuse(batch: readonly Waiting[], error: Error): void {
    for (const one of batch) reject(one, error);
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#session?.query("ROLLBACK");
    } catch {
      this.#session?.destroy();
    }
  }

  #lose(error: unknown, sinceMs: number): void {
    this.#session?.destroy();
    this.#session = undefined;
    const reason = reasonOf((error as Error).cause ?? error);
    this.#options.health.lost("write", reason, sinceMs);
  }

  /** Refuses everything that waits for the database. */
  #giveUp(reason: string): void {
    const undecided = new LedgerBusyError(
      `${this.#options.attempt}: ${reason}, and it is not known whether it was written; it may ` +
        "come back",
      { isReported: true, isUndecided: true },
    );
    const refused = this.#busyError(reason);
    this.#refuse(this.#underWay, this.#doubt === undefined ? refused : undecided);
    this.#refuse(this.#waiting.splice(0), refused);
  }

  #busyError(reason: string): LedgerBusyError {
    const text = `${this.#options.attempt}: ${reason}; it may come back, so try again`;
    return new LedgerBusyError(text, { isReported: true });
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.schedule(waitMs, resolve));
  }
}

function resolve(one: Waiting, value: unknown): void {
  one.isSettled = true;
  one.resolve(value);
}

function reject(one: Waiting, error: unknown): void {
  one.isSettled = true;
  one.reject(error);
}
