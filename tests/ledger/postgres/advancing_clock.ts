/** The machine's clock, which a test can advance, so that it does not wait for deadlines. */
import { type CancelTimer, type Clock, systemClock } from "../../../src/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
  cancel: CancelTimer;
}

export class AdvancingClock implements Clock {
  #advancedMs = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return systemClock.nowMs();
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#advancedMs;
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    const end = () => {
      timer.cancel();
      this.#timers.delete(timer);
    };
    const run = () => {
      end();
      action();
    };
    const cancel = systemClock.schedule(delayMs, run);
    const timer: Timer = { dueMs: this.monotonicMs() + delayMs, run, cancel };
    this.#timers.add(timer);
    return end;
  }

  /** Returns the milliseconds until each pending timer, the next one first. */
  get delays(): number[] {
    const nowMs = this.monotonicMs();
    return [...this.#timers].map(({ dueMs }) => dueMs - nowMs).toSorted((a, b) => a - b);
  }

  /** Puts the clock forward. The pending timers that are due then run at once, in their order. */
  advance(ms: number): void {
    this.#advancedMs += ms;
    const nowMs = this.monotonicMs();
    for (const timer of [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs)) {
      // An earlier one may have cancelled it.
      if (!this.#timers.has(timer)) continue;
      if (timer.dueMs <= nowMs) timer.run();
      else {
        timer.cancel();
        timer.cancel = systemClock.schedule(timer.dueMs - nowMs, timer.run);
      }
    }
  }
}
