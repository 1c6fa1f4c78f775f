/**
 * Tells once when a database is lost, and once when it is back. It also says when calls have waited
 * long enough for a lost database.
 */
import type { CancelTimer, Clock } from "../../clock.ts";
import { databaseWaitMsMax } from "../../limits.ts";

/** What a ledger tells about its database. */
export type DatabaseEvent =
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "recovered" }
  /** Commits do not wait for a standby, so the one that would take over can lack some. */
  | { readonly kind: "unprotected" };

/**
 * The uses of a database. Each can fail alone: a standby can be read and not written. To follow is
 * to read the decisions of other servers.
 */
export type DatabaseUse = "read" | "write" | "follow";

/** A use that fails. */
interface Loss {
  /** Why the last try failed. */
  reason: string;
  isGivenUp: boolean;
  readonly cancel: CancelTimer;
}

export interface DatabaseHealthOptions {
  readonly clock: Clock;
  readonly report: (event: DatabaseEvent) => void;
}

export class DatabaseHealth {
  readonly #options: DatabaseHealthOptions;
  readonly #losses = new Map<DatabaseUse, Loss>();
  readonly #listeners = new Map<DatabaseUse, (reason: string) => void>();

  constructor(options: DatabaseHealthOptions) {
    this.#options = options;
  }

  isFailing(use: DatabaseUse): boolean {
    return this.#losses.has(use);
  }

  /** Returns why a use fails, when its listener was told to give up. */
  reasonToGiveUp(use: DatabaseUse): string | undefined {
    const loss = this.#losses.get(use);
    return loss?.isGivenUp ? loss.reason : undefined;
  }

  /** Calls `listener` with the reason each time a use has failed for {@link databaseWaitMsMax}. */
  onGivenUp(use: DatabaseUse, listener: (reason: string) => void): void {
    this.#listeners.set(use, listener);
  }

  /** @param sinceMs when the failed try began, by the monotonic clock */
  lost(use: DatabaseUse, reason: string, sinceMs: number): void {
    const { clock, report } = this.#options;
    const known = this.#losses.get(use);
    if (known !== undefined) {
      known.reason = reason;
      return;
    }
    const isFirst = this.#losses.size === 0;
    const listener = this.#listeners.get(use);
    const waitMs = Math.max(0, sinceMs + databaseWaitMsMax - clock.monotonicMs());
    const cancel = listener === undefined ? () => {} : clock.schedule(waitMs, () => {
      loss.isGivenUp = true;
      listener(loss.reason);
    });
    const loss: Loss = { reason, isGivenUp: false, cancel };
    this.#losses.set(use, loss);
    if (isFirst) report({ kind: "lost", reason });
  }

  works(use: DatabaseUse): void {
    this.#losses.get(use)?.cancel();
    const wasFailing = this.#losses.delete(use);
    if (wasFailing && this.#losses.size === 0) this.#options.report({ kind: "recovered" });
  }

  /** Stops its timers. */
  close(): void {
    for (const { cancel } of this.#losses.values()) cancel();
  }
}
