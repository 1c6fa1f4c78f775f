/**
 * A clock that moves only by `advance`. Due timers run inside it, by time and then by order of
 * scheduling.
 */
import type { CancelTimer, Clock } from "../src/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly action: () => void;
}

export class ManualClock implements Clock {
  #wallMs: number;
  #elapsedMs = 0;
  readonly #timers = new Set<Timer>();

  /** @param wallMs the wall-clock time at the start */
  constructor(wallMs: number = Date.UTC(2026, 10, 23, 12)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), action };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Returns how many timers are pending. A finished wait must leave none. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Returns the milliseconds until the next timer, or `undefined` without one. */
  get nextDelayMs(): number | undefined {
    const next = this.#next();
    return next && next.dueMs - this.#elapsedMs;
  }

  /** Returns the milliseconds until each pending timer, in no order. */
  get delays(): number[] {
    return [...this.#timers].map(({ dueMs }) => dueMs - this.#elapsedMs);
  }

  /** Advances the time. Each timer runs at exactly its moment. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (let next = this.#next(); next && next.dueMs <= endMs; next = this.#next()) {
      this.#passTo(next.dueMs);
      this.#timers.delete(next);
      next.action();
    }
    this.#passTo(endMs);
  }

  /** Moves the wall clock by `ms`, as a time server does. Timers do not notice. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  #passTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    // Strictly earlier, so that of two timers at one moment the first scheduled runs first.
    for (const timer of this.#timers) if (!next || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}
