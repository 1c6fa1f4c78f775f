/** A clock that can run faster than the machine's, so that a test does not wait for deadlines. */
import { type CancelTimer, type Clock, systemClock } from "../../../src/clock.ts";

export class FastClock implements Clock {
  #factor = 1;
  #turnedMs = systemClock.monotonicMs();
  #elapsedMs = 0;

  /**
   * Runs so many times as fast from now on. Timers that are pending keep their moment.
   *
   * A database that is used needs the factor 1: on a busy machine it would miss every deadline.
   */
  set factor(factor: number) {
    this.#elapsedMs = this.monotonicMs();
    this.#turnedMs = systemClock.monotonicMs();
    this.#factor = factor;
  }

  nowMs(): number {
    return systemClock.nowMs();
  }

  monotonicMs(): number {
    return this.#elapsedMs + (systemClock.monotonicMs() - this.#turnedMs) * this.#factor;
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    return systemClock.schedule(delayMs / this.#factor, action);
  }
}
