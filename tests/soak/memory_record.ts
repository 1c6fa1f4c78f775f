/**
 * How the memory of a process goes over time: a line through what was seen of it.
 */
import { type ProcessFigures, processFigures } from "../faults/process_figures.ts";

interface Seen extends ProcessFigures {
  readonly atMs: number;
}

export class MemoryRecord {
  readonly #seen: Seen[] = [];

  async look(pid: number): Promise<void> {
    this.#seen.push({ atMs: performance.now(), ...await processFigures(pid) });
  }

  get first(): ProcessFigures | undefined {
    return this.#seen[0];
  }

  get last(): ProcessFigures | undefined {
    return this.#seen.at(-1);
  }

  /** How long it was looked at, in minutes. */
  get minutes(): number {
    return this.#seen.length < 2 ? 0 : (this.#seen.at(-1)!.atMs - this.#seen[0]!.atMs) / 60_000;
  }

  /**
   * Least squares.
   *
   * @param after seconds at the beginning that are left out: a process that has just started grows
   * @returns megabytes a minute; `undefined` when fewer than three looks are left
   */
  slope({ after }: { after: number }): number | undefined {
    const [first] = this.#seen;
    const looks = this.#seen.filter(({ atMs }) => atMs - first!.atMs >= after * 1000);
    if (looks.length < 3) return undefined;
    const mean = (of: (seen: Seen) => number) =>
      looks.reduce((sum, seen) => sum + of(seen), 0) / looks.length;
    const minute = ({ atMs }: Seen) => atMs / 60_000;
    const megabytes = ({ residentBytes }: Seen) => residentBytes / 1e6;
    const [x, y] = [mean(minute), mean(megabytes)];
    const covariance = mean((seen) => (minute(seen) - x) * (megabytes(seen) - y));
    return covariance / mean((seen) => (minute(seen) - x) ** 2);
  }
}
