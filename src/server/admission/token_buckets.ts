/**
 * Token buckets, one for each key: so many tokens at once, then one at every interval.
 */
import type { Clock } from "../../clock.ts";
import { addressesRememberedMax } from "../../limits.ts";

export interface TokenBucketsOptions {
  readonly clock: Clock;
  /** How many tokens a full bucket holds, 1 or more. */
  readonly atOnce: number;
  /** How long one token takes to come back. */
  readonly everyMs: number;
}

export class TokenBuckets {
  readonly #options: TokenBucketsOptions;
  /** When each bucket is full again, by the monotonic clock. The key that took a token longest ago first. */
  readonly #fullAtMs = new Map<string, number>();

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
  }

  /** How many keys are remembered. A full bucket needs no memory. */
  get remembered(): number {
    return this.#fullAtMs.size;
  }

  /** Takes a token, if there is one. */
  take(key: string): boolean {
    if (this.delayMs(key) > 0) return false;
    const fullAtMs = this.#missingSinceMs(key) + this.#options.everyMs;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    if (this.#fullAtMs.size > addressesRememberedMax) this.#forgetOldest();
    return true;
  }

  /** Puts a token back. */
  giveBack(key: string): void {
    const fullAtMs = this.#fullAtMs.get(key);
    if (fullAtMs === undefined) return;
    const earlierMs = fullAtMs - this.#options.everyMs;
    if (earlierMs <= this.#options.clock.monotonicMs()) this.#fullAtMs.delete(key);
    else this.#fullAtMs.set(key, earlierMs);
  }

  /** How long it takes until there is a token; 0 when there is one. */
  delayMs(key: string): number {
    const { atOnce, everyMs, clock } = this.#options;
    const afterMs = this.#missingSinceMs(key) + everyMs - atOnce * everyMs;
    return Math.max(0, Math.ceil(afterMs - clock.monotonicMs()));
  }

  /** The time from which on every token still missing takes its interval. */
  #missingSinceMs(key: string): number {
    return Math.max(this.#fullAtMs.get(key) ?? 0, this.#options.clock.monotonicMs());
  }

  #forgetOldest(): void {
    const [oldest] = this.#fullAtMs.keys();
    this.#fullAtMs.delete(oldest!);
  }
}
