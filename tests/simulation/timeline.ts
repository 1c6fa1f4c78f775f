/**
 * A simulation's time and its events in order. Time passes only when nothing can run without it.
 */
import { setImmediate } from "node:timers";

interface Happening {
  readonly atMs: number;
  readonly number: number;
  readonly action: () => void;
  isCancelled: boolean;
}

export interface TimelineOptions {
  /** How much time may pass before a history counts as one that does not end. */
  readonly endMs: number;
}

export class Timeline {
  nowMs = 0;
  readonly #options: TimelineOptions;
  /** A heap: the next one first. */
  readonly #happenings: Happening[] = [];
  #scheduled = 0;

  constructor(options: TimelineOptions) {
    this.#options = options;
  }

  /** @returns keeps it from happening */
  schedule(delayMs: number, action: () => void): () => void {
    const atMs = this.nowMs + Math.max(0, delayMs);
    const happening = { atMs, number: this.#scheduled++, action, isCancelled: false };
    this.#happenings.push(happening);
    this.#rise(this.#happenings.length - 1);
    return () => void (happening.isCancelled = true);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, resolve));
  }

  /**
   * Lets time pass until a promise has settled.
   *
   * @throws when it never settles, because no event is left or it takes too long; and what `whole`
   * throws
   */
  async until<Result>(whole: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = () => void (isOver = true);
    whole.then(over, over);
    for (;;) {
      await settled();
      if (isOver) return await whole;
      const next = this.#next();
      if (!next) throw new Error(`after ${this.nowMs} ms everybody waits and nothing comes`);
      if (next.atMs > this.#options.endMs) {
        throw new Error(`after ${this.nowMs} ms the history has not ended`);
      }
      this.nowMs = next.atMs;
      next.action();
    }
  }

  #next(): Happening | undefined {
    for (let next; (next = this.#pop());) if (!next.isCancelled) return next;
    return undefined;
  }

  #pop(): Happening | undefined {
    const heap = this.#happenings;
    const first = heap[0];
    const last = heap.pop();
    if (first && last && first !== last) {
      heap[0] = last;
      this.#sink();
    }
    return first;
  }

  #rise(from: number): void {
    const heap = this.#happenings;
    for (let at = from; at > 0;) {
      const above = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[above]!)) return;
      [heap[at], heap[above]] = [heap[above]!, heap[at]!];
      at = above;
    }
  }

  #sink(): void {
    const heap = this.#happenings;
    for (let at = 0;;) {
      let first = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < heap.length && isBefore(heap[below]!, heap[first]!)) first = below;
      }
      if (first === at) return;
      [heap[at], heap[first]] = [heap[first]!, heap[at]!];
      at = first;
    }
  }
}

/** Of two at the same time, the one that was scheduled first. */
function isBefore(one: Happening, other: Happening): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number);
}

/**
 * Resolves after everything that is ready now, and everything that this makes ready, has run. A
 * message from a port would not do, because it runs in between.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
