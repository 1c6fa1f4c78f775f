/**
 * Runs one target for a number of rounds. It reports the results of the rounds, the findings, and
 * the memory before and after.
 */
import fc from "fast-check";
import { messageOf } from "../../src/errors.ts";

/** Something that takes whatever is thrown at it. */
export interface FuzzTarget<Input = unknown> extends AsyncDisposable {
  readonly inputs: fc.Arbitrary<Input>;
  /** One that has to be accepted. */
  readonly honest: Input;
  /**
   * One round.
   *
   * @returns in a few words how it ended; begins with "accepted" where it was
   * @throws when it ended in a way that it must not
   */
  round(input: Input): Promise<string> | string;
}

export interface FuzzOptions {
  /** 1 or more. */
  readonly rounds: number;
  /** The same seed makes the same inputs, in the same order. */
  readonly seed: number;
  /** Where a seed's rounds had a finding, as a report gives it. Only that round is run again. */
  readonly path?: string | undefined;
  /** Told after each round. */
  readonly onRound?: ((done: number) => void) | undefined;
}

export interface FuzzReport {
  readonly seed: number;
  /** How many were run, those that looked for a smaller input not counted. */
  readonly rounds: number;
  readonly elapsedMs: number;
  /** How many rounds ended in which way, the most frequent first. */
  readonly ends: readonly (readonly [end: string, rounds: number])[];
  /** The smallest input that causes a finding, with the seed and path that reproduce it. */
  readonly found: string | undefined;
  readonly memoryBefore: Memory;
  readonly memoryAfter: Memory;
}

/** In bytes, after the garbage was collected where the runtime lets us. */
export interface Memory {
  /** JavaScript's heap and what its buffers hold outside of it. */
  readonly held: number;
  readonly resident: number;
}

/** Ends that are told apart; the texts of errors hold values, so there might be any number. */
const endsMax = 200;

export async function fuzz<Input>(
  target: FuzzTarget<Input>,
  { rounds, seed, path, onRound }: FuzzOptions,
): Promise<FuzzReport> {
  const ends = new Map<string, number>();
  let done = 0;
  const property = fc.asyncProperty(target.inputs, async (input) => {
    const end = await target.round(input);
    const known = ends.has(end) || ends.size < endsMax ? end : "others";
    ends.set(known, (ends.get(known) ?? 0) + 1);
    onRound?.(++done);
  });
  const memoryBefore = memory();
  const startMs = performance.now();
  const details = await fc.check(property, {
    numRuns: rounds,
    seed,
    ...(path !== undefined && { path }),
  });
  return {
    seed,
    rounds: details.numRuns,
    elapsedMs: performance.now() - startMs,
    ends: [...ends].toSorted(([, first], [, second]) => second - first),
    found: details.failed ? described(details) : await refusedHonest(target),
    memoryBefore,
    memoryAfter: memory(),
  };
}

function described<Input>(details: fc.RunDetails<[Input]>): string {
  return `${fc.defaultReportMessage(details)}\n${messageOf(details.errorInstance)}`;
}

/**
 * A target that refuses everything has no findings. So the target must still accept honest input at
 * the end.
 */
async function refusedHonest<Input>(target: FuzzTarget<Input>): Promise<string | undefined> {
  const end = await target.round(target.honest);
  return end.startsWith("accepted") ? undefined : `what is honest ends in: ${end}`;
}

/** A seed as fast-check takes it, a new one each time. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Int32Array(1))[0]!;
}

function memory(): Memory {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return { held: heapUsed + external, resident: rss };
}
