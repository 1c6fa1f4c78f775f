/** Sessions for reads, which run beside the batches and see committed rows only. */
import type { Clock } from "../../clock.ts";
import { LedgerBusyError, LedgerError } from "../../errors.ts";
import {
  databaseReadersMax,
  databaseReconnectMsMax,
  databaseReconnectMsMin,
  databaseWaitMsMax,
} from "../../limits.ts";
import type { DatabaseHealth } from "./database_health.ts";
import { ledgerErrorOf, postgresCondition, reasonOf } from "./postgres_error.ts";
import type { Session } from "./session.ts";
import { sql } from "./statements.ts";

export interface ReaderPoolOptions {
  readonly clock: Clock;
  readonly health: DatabaseHealth;
  /** The start of an error's text, as in "cannot read the ledger postgres://…". */
  readonly attempt: string;
  readonly open: () => Promise<Session>;
  /** Whether a session is at the newest primary. Others are ended. */
  readonly isCurrent: (session: Session) => boolean;
}

/** Reads through a session. It may run again after a failure. */
export type Reading<T> = (session: Session) => Promise<T>;

export class ReaderPool {
  readonly #options: ReaderPoolOptions;
  readonly #idle: Session[] = [];
  readonly #queue: (() => void)[] = [];
  /** Refuses the reads that have no result yet. */
  readonly #unanswered = new Set<(error: LedgerBusyError) => void>();
  /** Reads under way, also those that were refused meanwhile. */
  readonly #running = new Set<Promise<unknown>>();
  #used = 0;
  /** A read that finds out whether a database that was given up is back. */
  #probe: Promise<void> | undefined;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
    options.health.onGivenUp("read", (reason) => {
      for (const refuse of this.#unanswered) refuse(this.#busyError(reason));
    });
  }

  /**
   * Runs a reading. A database that was lost {@link databaseWaitMsMax} ago is not waited for.
   *
   * @throws {LedgerBusyError} when the database cannot be used for {@link databaseWaitMsMax}
   * @throws {LedgerError} when it refuses to be read
   */
  async read<T>(reading: Reading<T>): Promise<T> {
    const reason = this.#options.health.reasonToGiveUp("read");
    if (reason !== undefined) {
      this.#probe ??= this.#readHead().finally(() => this.#probe = undefined);
      throw this.#busyError(reason);
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#unanswered.add(reject);
    const running = this.#readAtLast(reading, () => this.#unanswered.has(reject))
      .then(resolve, reject)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    try {
      return await promise;
    } finally {
      this.#unanswered.delete(reject);
    }
  }

  /** Ends all sessions, also those that are being opened. */
  async close(): Promise<void> {
    await this.#probe;
    await Promise.all(this.#running);
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  /** Tries a reading until it succeeds, or nobody waits for it any more. */
  async #readAtLast<T>(reading: Reading<T>, isAwaited: () => boolean): Promise<T> {
    const { clock, health, attempt } = this.#options;
    const startMs = clock.monotonicMs();
    for (
      let waitMs = databaseReconnectMsMin;;
      waitMs = Math.min(2 * waitMs, databaseReconnectMsMax)
    ) {
      try {
        const value = await this.#readOnce(reading, isAwaited);
        health.works("read");
        return value;
      } catch (error) {
        if (error instanceof LedgerError || error instanceof TypeError) throw error;
        const condition = postgresCondition(error);
        if (condition === "refused") throw ledgerErrorOf(attempt, error);
        const reason = reasonOf((error as Error).cause ?? error);
        if (!isAwaited()) throw error;
        if (condition === "unavailable") health.lost("read", reason, startMs);
        const isLate = clock.monotonicMs() + waitMs > startMs + databaseWaitMsMax;
        if (isLate) throw this.#busyError(reason, error);
      }
      await new Promise<void>((resolve) => clock.schedule(waitMs, resolve));
    }
  }

  async #readOnce<T>(reading: Reading<T>, isAwaited: () => boolean): Promise<T> {
    if (this.#used >= databaseReadersMax) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#used++;
    }
    try {
      if (!isAwaited()) throw new Error("the read was refused meanwhile");
      const session = this.#takeIdle() ?? await this.#options.open();
      try {
        return await reading(session);
      } finally {
        if (!session.isLost) this.#idle.push(session);
      }
    } finally {
      // A place is handed on, so that the longest waiting read gets it.
      const next = this.#queue.shift();
      if (next === undefined) this.#used--;
      else next();
    }
  }

  /** Finds out whether the database is back. A pause follows a failure. */
  async #readHead(): Promise<void> {
    const { clock, health } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      await this.#readOnce((session) => session.query(sql.place), () => true);
      health.works("read");
    } catch (error) {
      health.lost("read", reasonOf((error as Error).cause ?? error), startMs);
      await new Promise<void>((resolve) => clock.schedule(databaseReconnectMsMin, resolve));
    }
  }

  #takeIdle(): Session | undefined {
    for (;;) {
      const session = this.#idle.pop();
      if (session === undefined) return undefined;
      if (!session.isLost && this.#options.isCurrent(session)) return session;
      session.destroy();
    }
  }

  #busyError(reason: string, cause?: unknown): LedgerBusyError {
    const { attempt, health } = this.#options;
    const isReported = health.isFailing("read");
    return new LedgerBusyError(`${attempt}: ${reason}; try again`, { cause, isReported });
  }
}
