/**
 * Turns at what costs much, such as decrypting: a bounded number at a time, one at a time for each of those who ask, and round-robin
 * over them. However many lines one of them sends, and over however many connections, it has one processor's time at most, and the
 * others wait for one of its turns at most before each own.
 */

interface Turn {
  readonly start: () => void;
  /** Whether it counts for its party alone, and not among the turns at a time. */
  readonly isAside: boolean;
}

export class FairQueue {
  readonly #inFlightMax: number;
  /**
   * Who waits, next one first; each with its own turns in the order they were asked for. The first of each counts among the turns
   * at a time: a turn aside begins as soon as its party is free.
   */
  readonly #waiting = new Map<string, Turn[]>();
  /** Who has a turn now, each with those that it waits for meanwhile. */
  readonly #busy = new Map<string, Turn[]>();
  /** Of those that are busy, who has turns aside, and how many. */
  readonly #aside = new Map<string, number>();

  /** @param inFlightMax turns at a time, 1 or more */
  constructor({ inFlightMax }: { inFlightMax: number }) {
    this.#inFlightMax = inFlightMax;
  }

  /** How many have their turn now, turns aside not counted. */
  get inFlight(): number {
    return this.#busy.size - this.#aside.size;
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
  async run<Result>(party: string, task: () => Promise<Result> | Result): Promise<Result> {
    return await this.#run(party, { task, isAside: false });
  }

  /**
   * Runs the task when the party has no other turn. It is not one of the turns at a time: it waits for something else than a
   * processor, such as a disk, and many parties may do so together. Tasks of one party that follow one another run together, too:
   * what waits for the disk at the same time costs no more than one of them.
   */
  async runAside<Result>(party: string, task: () => Promise<Result> | Result): Promise<Result> {
    return await this.#run(party, { task, isAside: true });
  }

  async #run<Result>(
    party: string,
    { task, isAside }: { task: () => Promise<Result> | Result; isAside: boolean },
  ): Promise<Result> {
    await this.#turn(party, isAside);
    try {
      return await task();
    } finally {
      this.#end(party, isAside);
    }
  }

  #turn(party: string, isAside: boolean): Promise<void> {
    return new Promise((start) => {
      const turn = { start, isAside };
      const turns = this.#busy.get(party) ?? this.#waiting.get(party);
      if (turns) turns.push(turn);
      else this.#line(party, [turn]);
      this.#next();
    });
  }

  #end(party: string, isAside: boolean): void {
    const asideLeft = isAside ? this.#aside.get(party)! - 1 : 0;
    if (asideLeft > 0) return void this.#aside.set(party, asideLeft);
    this.#aside.delete(party);
    const turns = this.#busy.get(party)!;
    this.#busy.delete(party);
    // Only now, to the end: whoever asked while it had its turn comes first.
    if (turns.length > 0) this.#line(party, turns);
    this.#next();
  }

  /** Puts a party that has no turn at the end of the line, or lets it begin. */
  #line(party: string, turns: Turn[]): void {
    if (turns[0]!.isAside) this.#begin(party, turns);
    else this.#waiting.set(party, turns);
  }

  #next(): void {
    for (const [party, turns] of this.#waiting) {
      if (this.inFlight >= this.#inFlightMax) return;
      this.#waiting.delete(party);
      this.#begin(party, turns);
    }
  }

  #begin(party: string, turns: Turn[]): void {
    this.#busy.set(party, turns);
    const together = [turns.shift()!];
    while (together[0]!.isAside && turns[0]?.isAside) together.push(turns.shift()!);
    if (together[0]!.isAside) this.#aside.set(party, together.length);
    for (const { start } of together) start();
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

  run<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.#queue.run(this.party, task);
  }

  runAside<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.#queue.runAside(this.party, task);
  }
}

/** Runs the task when it is the share's turn; at once without a share. */
export async function inTurn<Result>(
  share: Pick<Share, "run"> | undefined,
  task: () => Promise<Result> | Result,
): Promise<Result> {
  return share ? await share.run(task) : await task();
}
