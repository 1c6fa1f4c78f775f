/**
 * Waiting that a signal can end.
 */

/**
 * Waits for a promise, or until the signal aborts. What was waited for then goes on unobserved.
 *
 * @param errorOf makes the error that is thrown when the signal aborts
 */
export async function untilAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal | undefined,
  errorOf: () => Error,
): Promise<Result> {
  if (!signal) return await promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(errorOf());
  promise.catch(() => {});
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
