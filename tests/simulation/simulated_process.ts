/**
 * A machine that can be switched off, and a process on it that can be killed. After that, the
 * process's promises never settle, its timers never run, and its requests are dropped. So its code
 * stops between any two steps.
 */
import type { Clock } from "../../src/clock.ts";
import type { Timeline } from "./timeline.ts";

export class SimulatedMachine {
  readonly host: string;
  readonly timeline: Timeline;
  isUp = true;
  #clockOffsetMs = 0;
  #clockAheadMsMax = 0;

  constructor(host: string, timeline: Timeline) {
    this.host = host;
    this.timeline = timeline;
  }

  /** How wrong its clock is. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** How far ahead it ever was. */
  get clockAheadMsMax(): number {
    return this.#clockAheadMsMax;
  }

  setClock(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs;
    this.#clockAheadMsMax = Math.max(this.#clockAheadMsMax, offsetMs);
  }
}

/** When every history begins. */
export const startMs = Date.UTC(2026, 10, 23, 12);

export class SimulatedProcess {
  readonly machine: SimulatedMachine;
  readonly clock: Clock;
  readonly #killed: (() => void)[] = [];
  #isAlive = true;

  constructor(machine: SimulatedMachine) {
    this.machine = machine;
    const { timeline } = machine;
    this.clock = {
      nowMs: () => startMs + Math.floor(timeline.nowMs) + machine.clockOffsetMs,
      monotonicMs: () => timeline.nowMs,
      schedule: (delayMs, action) =>
        timeline.schedule(delayMs, () => {
          if (this.#isAlive) action();
        }),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Settles as the promise does, as long as the process is alive. */
  alive<Result>(promise: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      promise.then(
        (result) => this.#isAlive && resolve(result),
        (error) => this.#isAlive && reject(error),
      );
    });
  }

  /** Runs a step that has an effect; never comes back, and has none, when the process is dead. */
  step<Result>(action: () => Promise<Result>): Promise<Result> {
    return this.#isAlive ? this.alive(action()) : new Promise(() => {});
  }

  onKilled(action: () => void): void {
    this.#killed.push(action);
  }

  /** Harmless the second time. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const action of this.#killed) action();
  }
}
