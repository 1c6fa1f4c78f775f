/**
 * Runs an action whose process ends at one of its disk operations. It runs in the test's own
 * process: from that step on, each call of the runtime throws and does nothing, as after a kill.
 */

/** The calls that change files. The first two are methods of an open file. */
const calls = ["writeSync", "syncSync", "openSync", "makeTempFileSync", "mkdirSync"] as const;
const furtherCalls = ["chmodSync", "linkSync", "renameSync", "removeSync"] as const;

/** The process of an action has ended. */
class CutOff extends Error {}

export interface CutOffOptions {
  /** How many steps are done. */
  readonly steps: number;
  /** Whether the disk is full at the next step, so that the action goes on and may clean up. */
  readonly isFull?: boolean;
}

/**
 * @returns the names of the steps that were done, and whether the action came to its end
 * @throws what the action throws by itself
 */
export function cutOff(
  action: () => void,
  { steps, isFull = false }: CutOffOptions,
): { readonly done: readonly string[]; readonly isEnded: boolean } {
  const done: string[] = [];
  const owners = [
    ...calls.slice(0, 2).map((name) => [Deno.FsFile.prototype, name] as const),
    ...[...calls.slice(2), ...furtherCalls].map((name) => [Deno, name] as const),
  ];
  const originals = owners.map(([owner, name]) => (owner as Record<string, unknown>)[name]);
  let failures = 0;
  const restore = owners.map(([owner, name], at) => {
    const original = originals[at] as (...values: unknown[]) => unknown;
    const calls = owner as Record<string, unknown>;
    calls[name] = function (this: unknown, ...values: unknown[]) {
      const isCut = isFull ? done.length === steps && failures++ === 0 : done.length >= steps;
      if (isCut) throw new CutOff(`cut off before ${name}`);
      done.push(name);
      return original.apply(this, values);
    };
    return () => calls[name] = original;
  });
  try {
    action();
    return { done, isEnded: true };
  } catch (error) {
    if (!(error instanceof CutOff) && !(error instanceof Error && error.cause instanceof CutOff)) {
      throw error;
    }
    return { done, isEnded: false };
  } finally {
    for (const undo of restore) undo();
  }
}
