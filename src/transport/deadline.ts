/** Deadlines for anything that waits. */
import type { Clock } from "../clock.ts";

/** A timer that can be set again and remembers whether it expired. */
export class Deadline {
  passed = false;
  readonly #clock: Clock;
  readonly #action: () => void;
  #cancel: () => void = () => {};

  /** @param action runs when the deadline expires, such as closing the awaited stream */
  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  /** Expires `timeoutMs` from now. Replaces an earlier setting. `undefined` means never. */
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
 * Waits for a promise, but not long. What was waited for then goes on unobserved.
 *
 * @returns its result, or `undefined` when the time is over or `signal` aborts
 */
export async function resultInTime<Result>(
  promise: Promise<Result>,
  options: { clock: Clock; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Result | undefined> {
  promise.catch(() => {});
  return await withDeadline(async (givenUp) => {
    const late = new Promise<undefined>((resolve) => {
      if (givenUp.aborted) resolve(undefined);
      givenUp.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    return await Promise.race([promise, late]);
  }, options);
}

/**
 * Runs a task that can be aborted.
 *
 * @param run receives a signal that aborts at the deadline or when `signal` aborts. It must settle
 * soon after that.
 * @returns the result of `run`; its error is passed on
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
