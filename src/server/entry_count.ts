/**
 * How many entries the ledger has. A ledger that is asked adds up all balances as well, so it is not asked each time.
 */
import type { Clock } from "../clock.ts";
import { ledgerWatchMs } from "../limits.ts";
import type { Ledger } from "../ledger/ledger.ts";

export class EntryCount {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  /** Entries are never removed, so this is never too many. */
  #known = 0;
  #askedMs = -Infinity;

  constructor({ ledger, clock }: { ledger: Ledger; clock: Clock }) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** Somebody has found that there are so many. */
  saw(entries: number): void {
    this.#known = Math.max(this.#known, entries);
  }

  /** @returns how many there were `ledgerWatchMs` ago or later, and no fewer than were seen */
  async get(): Promise<number> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedMs >= ledgerWatchMs) {
      this.#askedMs = nowMs;
      this.saw((await this.#ledger.totals()).entries);
    }
    return this.#known;
  }
}
