/**
 * Waiting with an end.
 */
import type { Clock } from "../clock.ts";

/** A timer that can be set anew and remembers whether it ran out. */
export class Deadline {
  passed = false;
  readonly #clock: Clock;
  readonly #action: () => void;
  #cancel: () => void = () => {};

  /** @param action what to do when it runs out, such as closing what is waited for */
  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  /** Runs out `timeoutMs` from now, whatever was set before; never when that is `undefined`. */
  set(timeoutMs: number | undefined): void {
    this.#cancel();
    this.#cancel = timeoutMs === undefined ? () => {} : this.#clock.schedule(timeoutMs, () => {
      this.passed = true;
      this.#action();
    });
  }

  clear(): void {
    this.#cancel();
  }
}

/**
 * Runs something that can be given up.
 *
 * @param run is given a signal that aborts when the time is up or when `signal` aborts; must settle soon after that
 * @returns what `run` returns, if it comes to that; what it throws is passed on
 */
export async function withDeadline<Result>(
  run: (signal: AbortSignal) => Promise<Result>,
  { clock, timeoutMs, signal }: {
    clock: Clock;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
  },
): Promise<Result> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const deadline = new Deadline(clock, abort);
  deadline.set(timeoutMs);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await run(controller.signal);
  } finally {
    deadline.clear();
    signal?.removeEventListener("abort", abort);
  }
}
