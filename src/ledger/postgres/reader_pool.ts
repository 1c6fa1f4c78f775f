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
  #used = 0;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
  }

  /**
   * Runs a reading.
   *
   * @throws {LedgerBusyError} when the database cannot be used for {@link databaseWaitMsMax}
   * @throws {LedgerError} when it refuses to be read
   */
  async read<T>(reading: Reading<T>): Promise<T> {
    const { clock, health, attempt } = this.#options;
    const untilMs = clock.monotonicMs() + databaseWaitMsMax;
    for (
      let waitMs = databaseReconnectMsMin;;
      waitMs = Math.min(2 * waitMs, databaseReconnectMsMax)
    ) {
      try {
        const value = await this.#readOnce(reading);
        health.works("read");
        return value;
      } catch (error) {
        if (error instanceof LedgerError || error instanceof TypeError) throw error;
        const condition = postgresCondition(error);
        if (condition === "refused") throw ledgerErrorOf(attempt, error);
        const reason = reasonOf((error as Error).cause ?? error);
        if (condition === "unavailable") health.lost("read", reason);
        if (clock.monotonicMs() + waitMs > untilMs) {
          const isReported = health.isFailing("read");
          throw new LedgerBusyError(`${attempt}: ${reason}; try again`, {
            cause: error,
            isReported,
          });
        }
      }
      await new Promise<void>((resolve) => clock.schedule(waitMs, resolve));
    }
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  async #readOnce<T>(reading: Reading<T>): Promise<T> {
    if (this.#used >= databaseReadersMax) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else {
      this.#used++;
    }
    try {
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

  #takeIdle(): Session | undefined {
    for (;;) {
      const session = this.#idle.pop();
      if (session === undefined) return undefined;
      if (!session.isLost && this.#options.isCurrent(session)) return session;
      session.destroy();
    }
  }
}
