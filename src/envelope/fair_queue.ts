/**
 * Turns at what costs much, such as decrypting: a bounded number at a time, one at a time for each of those who ask, and round-robin
 * over them. However many lines one of them sends, and over however many connections, it has one processor's time at most, and the
 * others wait for one of its turns at most before each own.
 */

interface Turn {
  readonly start: () => void;
}

export class FairQueue {
  readonly #inFlightMax: number;
  /** Who waits, next one first; each with its own turns in the order they were asked for. */
  readonly #waiting = new Map<string, Turn[]>();
  /** Who has a turn now, each with those that it waits for meanwhile. */
  readonly #busy = new Map<string, Turn[]>();

  /** @param inFlightMax turns at a time, 1 or more */
  constructor({ inFlightMax }: { inFlightMax: number }) {
    this.#inFlightMax = inFlightMax;
  }

  /** How many have their turn now. */
  get inFlight(): number {
    return this.#busy.size;
  }

  /** How many turns are waited for. */
  get waiting(): number {
    let count = 0;
    for (const turns of this.#waiting.values()) count += turns.length;
    for (const turns of this.#busy.values()) count += turns.length;
    return count;
  }

  /** @param party whom the turns count for: everything with the same name takes turns as one */
  share(party: string): Share {
    return new Share(this, party);
  }

  /**
   * Runs the task when it is the party's turn.
   *
   * @returns what the task returns; what it throws is passed on, and ends its turn all the same
   */
  async run<Result>(party: string, task: () => Promise<Result>): Promise<Result> {
    await this.#turn(party);
    try {
      return await task();
    } finally {
      this.#end(party);
    }
  }

  #turn(party: string): Promise<void> {
    return new Promise((start) => {
      const turns = this.#busy.get(party) ?? this.#waiting.get(party);
      if (turns) turns.push({ start });
      else this.#waiting.set(party, [{ start }]);
      this.#next();
    });
  }

  #end(party: string): void {
    const turns = this.#busy.get(party)!;
    this.#busy.delete(party);
    // Only now, to the end: whoever asked while it had its turn comes first.
    if (turns.length > 0) this.#waiting.set(party, turns);
    this.#next();
  }

  #next(): void {
    for (const [party, turns] of this.#waiting) {
      if (this.#busy.size >= this.#inFlightMax) return;
      this.#waiting.delete(party);
      this.#busy.set(party, turns);
      turns.shift()!.start();
    }
  }
}

/** One connection's access to the queue. */
export class Share {
  /** Whom its turns count for. Changes when it becomes known who is at the other end. */
  party: string;
  readonly #queue: FairQueue;

  constructor(queue: FairQueue, party: string) {
    this.#queue = queue;
    this.party = party;
  }

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(this.party, task);
  }
}

/** Runs the task when it is the share's turn; at once without a share. */
export function inTurn<Result>(
  share: Share | undefined,
  task: () => Promise<Result>,
): Promise<Result> {
  return share ? share.run(task) : task();
}
