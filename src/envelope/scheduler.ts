/**
 * Schedulers decide when expensive work runs. The envelope and the transport pass their work to
 * one.
 */

/** Decides when a task runs. */
export interface Scheduler {
  /**
   * Runs a task, now or later.
   *
   * @returns what the task returns; an error that it throws is passed on
   */
  run<Result>(task: () => Promise<Result> | Result): Promise<Result>;
}

/** Runs every task at once. */
export const immediateScheduler: Scheduler = {
  run: async (task) => await task(),
};
