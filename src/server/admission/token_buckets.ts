/**
 * Token buckets, one for each key. A full bucket holds some tokens. One comes back per interval.
 */
import { BoundedMap } from "../../bounded_map.ts";
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
  /** When each bucket is full again, by the monotonic clock. A full bucket has no entry. */
  readonly #fullAtMs = new BoundedMap<string, number>(addressesRememberedMax);

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
  }

  /** How many buckets are remembered. */
  get remembered(): number {
    return this.#fullAtMs.size;
  }

  /** Takes a token. Returns whether there was one. */
  take(key: string): boolean {
    if (this.delayMs(key) > 0) return false;
    this.#fullAtMs.set(key, this.#missingSinceMs(key) + this.#options.everyMs);
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

  /** Returns how long the next token takes to come back, 0 when there is one. */
  delayMs(key: string): number {
    const { atOnce, everyMs, clock } = this.#options;
    const afterMs = this.#missingSinceMs(key) + everyMs - atOnce * everyMs;
    return Math.max(0, Math.ceil(afterMs - clock.monotonicMs()));
  }

  /** Returns the time from which each missing token takes one interval. */
  #missingSinceMs(key: string): number {
    return Math.max(this.#fullAtMs.get(key) ?? 0, this.#options.clock.monotonicMs());
  }
}
