/** A task that runs again and again until it is stopped. */
import type { CancelTimer, Clock } from "./clock.ts";

export interface RepeatedTaskOptions {
  readonly clock: Clock;
  /** Pause between the end of a run and the start of the next one. */
  readonly everyMs: number;
  /** Called with the error of a run. The next run comes all the same. */
  readonly onFailure: (error: unknown) => void;
}

export class RepeatedTask {
  readonly #run: () => Promise<void>;
  readonly #options: RepeatedTaskOptions;
  #running: Promise<void> | undefined;
  #cancel: CancelTimer = () => {};
  #isWoken = false;
  #isStopped = false;

  /** Starts the first run at once. */
  constructor(run: () => Promise<void>, options: RepeatedTaskOptions) {
    this.#run = run;
    this.#options = options;
    this.wake();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Starts a run now, or right after the one under way. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isStopped || this.#running !== undefined) return;
    this.#cancel();
    this.#running = this.#runWhileWoken();
  }

  /**
   * Starts no further run. Errors of a run under way are not reported.
   *
   * @returns resolves when the run under way has ended
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  async #runWhileWoken(): Promise<void> {
    const { clock, everyMs, onFailure } = this.#options;
    while (this.#isWoken && !this.#isStopped) {
      this.#isWoken = false;
      try {
        await this.#run();
      } catch (error) {
        if (!this.#isStopped) onFailure(error);
      }
    }
    this.#running = undefined;
    if (!this.#isStopped) this.#cancel = clock.schedule(everyMs, () => this.wake());
  }
}
