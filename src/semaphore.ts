/** A semaphore: bounds how many tasks run at a time. */

export class Semaphore {
  readonly #max: number;
  #running = 0;
  /** The starts of tasks that wait, in the order of asking. */
  readonly #waiting: (() => void)[] = [];

  /** @param max how many tasks run at a time, 1 or more */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether no task runs or waits. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  /**
   * Runs a task, at once if fewer than the most are running.
   *
   * @returns what the task returns; an error that it throws is passed on
   */
  async run<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    if (this.#running < this.#max) this.#running++;
    else await new Promise<void>((start) => this.#waiting.push(start));
    try {
      return await task();
    } finally {
      // The next task takes the place of this one.
      const start = this.#waiting.shift();
      if (start) start();
      else this.#running--;
    }
  }
}
