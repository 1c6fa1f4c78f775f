/**
 * A fair queue for expensive tasks, such as decryption. Each party has one turn at a time, and the
 * parties take turns in rotation. However many messages a party sends, it delays each turn of
 * another party by at most one of its own.
 *
 * Turns that read many rows rotate apart from the others and come after them. So a thousand members
 * that list and audit wait for each other, and another member's payment or balance waits for few of
 * them.
 */
import type { Scheduler } from "../envelope/scheduler.ts";
import { ordinaryTurnsPerRead } from "../limits.ts";

/** What a turn is for. A turn aside runs beside the others and does not count as one in flight. */
type TurnKind = "ordinary" | "read" | "aside";

interface Turn {
  readonly start: () => void;
  readonly kind: TurnKind;
}

/** The parties that wait, in the order of asking, each with its turns. */
type Rotation = Map<string, Turn[]>;

export class FairQueue {
  readonly #inFlightMax: number;
  /**
   * The turns of each party that has none now, by the kind of its first one; the next party first.
   * A turn aside starts as soon as its party is free.
   */
  readonly #waiting = { ordinary: new Map() as Rotation, read: new Map() as Rotation };
  /** How many ordinary turns started since the last that reads rows. */
  #ordinarySinceRead = 0;
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
    const { ordinary, read } = this.#waiting;
    for (const rotation of [ordinary, read, this.#busy]) {
      for (const turns of rotation.values()) count += turns.length;
    }
    return count;
  }

  /** @param party what the turns count for; all shares of one party take turns as one */
  share(party: string): Share {
    return new Share(this, party);
  }

  /**
   * Runs a task in a turn of the party.
   *
   * @param options.kind what the turn is for, see {@link Share}
   * @returns what the task returns; an error that it throws is passed on
   */
  async run<Result>(
    party: string,
    task: () => Promise<Result> | Result,
    { kind = "ordinary" }: { kind?: TurnKind } = {},
  ): Promise<Result> {
    await this.#turn(party, kind);
    try {
      return await task();
    } finally {
      this.#end(party, kind);
    }
  }

  #turn(party: string, kind: TurnKind): Promise<void> {
    return new Promise((start) => {
      const turn = { start, kind };
      const { ordinary, read } = this.#waiting;
      const turns = this.#busy.get(party) ?? ordinary.get(party) ?? read.get(party);
      if (turns) turns.push(turn);
      else this.#enqueue(party, [turn]);
      this.#startNext();
    });
  }

  #end(party: string, kind: TurnKind): void {
    const asideLeft = kind === "aside" ? this.#aside.get(party)! - 1 : 0;
    if (asideLeft > 0) return void this.#aside.set(party, asideLeft);
    this.#aside.delete(party);
    const turns = this.#busy.get(party)!;
    this.#busy.delete(party);
    // The party goes to the end now, behind all that asked during its turn.
    if (turns.length > 0) this.#enqueue(party, turns);
    this.#startNext();
  }

  /** Puts an idle party at the end of its rotation, or starts its turn aside. */
  #enqueue(party: string, turns: Turn[]): void {
    const { kind } = turns[0]!;
    if (kind === "aside") this.#start(party, turns);
    else this.#waiting[kind].set(party, turns);
  }

  #startNext(): void {
    while (this.inFlight < this.#inFlightMax) {
      const rotation = this.#nextRotation();
      const [next] = rotation;
      if (!next) return;
      const [party, turns] = next;
      rotation.delete(party);
      this.#start(party, turns);
    }
  }

  /** Ordinary turns come first, but they keep no read off for long. */
  #nextRotation(): Rotation {
    const { ordinary, read } = this.#waiting;
    const isReadDue = ordinary.size === 0 || this.#ordinarySinceRead >= ordinaryTurnsPerRead;
    if (read.size > 0 && isReadDue) {
      this.#ordinarySinceRead = 0;
      return read;
    }
    this.#ordinarySinceRead++;
    return ordinary;
  }

  #start(party: string, turns: Turn[]): void {
    this.#busy.set(party, turns);
    const together = [turns.shift()!];
    const isAside = together[0]!.kind === "aside";
    while (isAside && turns[0]?.kind === "aside") together.push(turns.shift()!);
    if (isAside) this.#aside.set(party, together.length);
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

  /** Runs a task that reads many rows in a turn of this party. */
  runRead<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.#queue.run(this.party, task, { kind: "read" });
  }

  /**
   * Runs a task in a turn of this party, beside the turns of other parties. Use it for tasks that
   * wait for a disk. Consecutive turns aside of one party run together, so one commit serves all of
   * them.
   */
  runAside<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.#queue.run(this.party, task, { kind: "aside" });
  }
}
