/**
 * The signed lines of the waiting room, made once for everybody. Nothing in them belongs to one connection, so a flood of connections
 * costs as many signatures as there are places, and none for each that is turned away.
 */
import type { Clock } from "../clock.ts";
import { writeWaiting } from "../envelope/waiting.ts";
import { waitingNoticeReuseMs } from "../limits.ts";
import type { Identity } from "../pki/identity.ts";

interface Notice {
  readonly line: Promise<string>;
  readonly madeMs: number;
}

export class WaitingNotices {
  /** How many were signed so far. */
  signed = 0;
  readonly #identity: Identity;
  readonly #clock: Clock;
  /** By place; 0 says that there is none. */
  readonly #notices = new Map<number, Notice>();

  constructor({ identity, clock }: { identity: Identity; clock: Clock }) {
    this.#identity = identity;
    this.#clock = clock;
  }

  place(place: number): Promise<string> {
    return this.#line(place);
  }

  full(): Promise<string> {
    return this.#line(0);
  }

  #line(place: number): Promise<string> {
    const madeMs = this.#clock.monotonicMs();
    const earlier = this.#notices.get(place);
    if (earlier && madeMs - earlier.madeMs < waitingNoticeReuseMs) return earlier.line;
    this.signed++;
    const line = writeWaiting(place === 0 ? { full: true } : { place }, {
      identity: this.#identity,
      atMs: this.#clock.nowMs(),
    });
    this.#notices.set(place, { line, madeMs });
    return line;
  }
}
