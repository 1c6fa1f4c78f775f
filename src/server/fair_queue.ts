/**
 * A fair queue for expensive tasks, such as decryption. Each party has one turn at a time, and the
 * parties take turns in rotation. However many messages a party sends, it delays each turn of
 * another party by at most one of its own.
 */
import type { Scheduler } from "../envelope/scheduler.ts";

interface Turn {
  readonly start: () => void;
  /** Whether the turn runs beside the others and does not count as one in flight. */
  readonly isAside: boolean;
}

export class FairQueue {
  readonly #inFlightMax: number;
  /**
   * The turns of each party that has none now, in the order of asking; the next party first. The
   * first turn of each is an ordinary one. A turn aside starts as soon as its party is free.
   */
  readonly #waiting = new Map<string, Turn[]>();
  /** The parties that have a turn now, each with the turns that it waits for meanwhile. */
  readonly #busy = new Map<string, Turn[]>();
  /** How many turns aside each of the busy parties has. */
  readonly #aside = new Map<string, number>();

  /** @param inFlightMax how many turns run at a time, 1 or more */
  constructor({ inFlightMax }: { inFlightMax: number }) {
    this.#inFlightMax = inFlightMax;
  }

  /** How many turns run now, without turns aside. */
  get inFlight(): number {
    return this.#busy.size - this.#aside.size;
  }

  /** How many turns wait. */
  get waiting(): number {
    let count = 0;
    for (const turns of this.#waiting.values()) count += turns.length;
    for (const turns of this.#busy.values()) count += turns.length;
    return count;
  }

  /** @param party what the turns count for; all shares of one party take turns as one */
  share(party: string): Share {
    return new Share(this, party);
  }

  /**
   * Runs a task in a turn of the party.
   *
   * @param options.isAside whether the turn runs beside those of other parties, as {@link
   * Share.runAside} says
   * @returns what the task returns; an error that it throws is passed on
   */
  async run<Result>(
    party: string,
    task: () => Promise<Result> | Result,
    { isAside = false } = {},
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
      else this.#enqueue(party, [turn]);
      this.#startNext();
    });
  }

  #end(party: string, isAside: boolean): void {
    const asideLeft = isAside ? this.#aside.get(party)! - 1 : 0;
    if (asideLeft > 0) return void this.#aside.set(party, asideLeft);
    this.#aside.delete(party);
    const turns = this.#busy.get(party)!;
    this.#busy.delete(party);
    // The party goes to the end now, behind all that asked during its turn.
    if (turns.length > 0) this.#enqueue(party, turns);
    this.#startNext();
  }

  /** Puts an idle party at the end of the queue, or starts its turn aside. */
  #enqueue(party: string, turns: Turn[]): void {
    if (turns[0]!.isAside) this.#start(party, turns);
    else this.#waiting.set(party, turns);
  }

  #startNext(): void {
    for (const [party, turns] of this.#waiting) {
      if (this.inFlight >= this.#inFlightMax) return;
      this.#waiting.delete(party);
      this.#start(party, turns);
    }
  }

  #start(party: string, turns: Turn[]): void {
    this.#busy.set(party, turns);
    const together = [turns.shift()!];
    while (together[0]!.isAside && turns[0]?.isAside) together.push(turns.shift()!);
    if (together[0]!.isAside) this.#aside.set(party, together.length);
    for (const { start } of together) start();
  }
}

/** One connection's access to the queue: tasks run in turns of its party. */
export class Share implements Scheduler {
  /** The party whose turns are used. It changes when the connection proves its member. */
  party: string;
  readonly #queue: FairQueue;

  constructor(queue: FairQueue, party: string) {
    this.#queue = queue;
    this.party = party;
  }

  /** Runs a task in a turn of this party. An error that it throws is passed on. */
  run<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.#queue.run(this.party, task);
  }

  /**
   * Runs a task in a turn of this party, beside the turns of other parties. Use it for tasks that
   * wait for a disk. Consecutive turns aside of one party run together, so one commit serves all of
   * them.
   */
  runAside<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.#queue.run(this.party, task, { isAside: true });
  }
}
