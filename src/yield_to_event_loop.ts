/** Yields during long computations, which otherwise block the program's only thread. */

const nothing = new Uint8Array(0);

/**
 * Resolves after all ready work has run, including work that arrives meanwhile.
 *
 * It waits for an answer from another thread. A `MessageChannel` or `setImmediate` lets the runtime
 * check for input only once in some tens of calls: a read took 12 ms. A timer takes a millisecond.
 */
export async function yieldToEventLoop(): Promise<void> {
  await crypto.subtle.digest("SHA-256", nothing);
}
