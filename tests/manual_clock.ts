/**
 * A clock that moves only when it is told to. What is due runs inside `advance`, in order of time, then in order of scheduling.
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

  /** @param wallMs the wall-clock time to begin at */
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

  /** How many timers are pending: whoever is done waiting leaves none behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** How long until the next timer is due; `undefined` when there is none. */
  get nextDelayMs(): number | undefined {
    const next = this.#next();
    return next && next.dueMs - this.#elapsedMs;
  }

  /** How long until each pending timer is due, in no order. */
  get delays(): number[] {
    return [...this.#timers].map(({ dueMs }) => dueMs - this.#elapsedMs);
  }

  /** Lets time pass. Each timer sees the very moment that it was scheduled for. */
  advance(ms: number): void {
    const endMs = this.#elapsedMs + ms;
    for (let next = this.#next(); next && next.dueMs <= endMs; next = this.#next()) {
      this.#passTo(next.dueMs);
      this.#timers.delete(next);
      next.action();
    }
    this.#passTo(endMs);
  }

  /** Sets the wall clock by `ms`, as an operator or a time server does; what was scheduled does not notice. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  #passTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    // Strictly earlier: of two that are due at once, the one that was scheduled first.
    for (const timer of this.#timers) if (!next || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}
