/** Runs an action for each item, a few at a time, in the order of the items. */

/**
 * Resolves when the action has run for all items.
 *
 * @param options `stop`: no further action begins when it aborts
 * @throws what the first failing action throws, after the others that had begun ended
 */
export async function inParallel<Item>(
  items: readonly Item[],
  { workers, stop }: { readonly workers: number; readonly stop?: AbortSignal | undefined },
  action: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async () => {
    while (next < items.length && !failure && !stop?.aborted) {
      const index = next++;
      try {
        await action(items[index]!, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, work));
  if (failure) throw failure.error;
}
