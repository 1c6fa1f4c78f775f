/** The clock. Code below `cli` receives it as a parameter, so that tests control the time. */

/** Cancels a timer. Does nothing when it already ran. */
export type CancelTimer = () => void;

export interface Clock {
  /** Returns wall-clock time in milliseconds since the Unix epoch. It may jump. */
  nowMs(): number;
  /** Returns milliseconds since an arbitrary start. It never goes back. */
  monotonicMs(): number;
  /** Runs `action` once after `delayMs`. A pending timer keeps the process alive. */
  schedule(delayMs: number, action: () => void): CancelTimer;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Returns whether a decoded value is a time on the wire: whole seconds since the epoch. */
export function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

/** Returns whole seconds since the epoch, the unit of times on the wire (RFC 7519 section 2). */
export function nowSeconds(clock: Pick<Clock, "nowMs">): number {
  return Math.floor(clock.nowMs() / 1000);
}
