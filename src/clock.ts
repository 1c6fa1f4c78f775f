/**
 * Time as the program sees it. Passed in everywhere, so that a test or a simulation can own it.
 */

/** Cancels what was scheduled; harmless when it already ran. */
export type CancelTimer = () => void;

export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump; never used to measure how long something takes. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start. Never goes back. */
  monotonicMs(): number;
  /** Runs `action` once after `delayMs`. A pending timer keeps the process alive. */
  schedule(delayMs: number, action: () => void): CancelTimer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Whether a decoded value is a time on the wire. */
export function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

/** Whole seconds since the epoch, the unit of every `iat` and `exp` on the wire (RFC 7519 section 2, NumericDate). */
export function nowSeconds(clock: Pick<Clock, "nowMs">): number {
  return Math.floor(clock.nowMs() / 1000);
}
