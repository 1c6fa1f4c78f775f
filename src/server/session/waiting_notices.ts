/**
 * Tells a member that waits its place: at once, whenever it has changed, and again after a while. Each notice is a message that is
 * sealed in the member's own turn, and their rate is bounded, for each connection and for all of them.
 */
import type { Clock } from "../../clock.ts";
import { waitingChangeMs, waitingNoticesPerSecond, waitingRepeatMs } from "../../limits.ts";
import { waitingType } from "../../protocol/waiting.ts";
import { Deadline } from "../../transport/deadline.ts";
import type { Ticket } from "../admission/admission.ts";
import type { Session } from "./session.ts";

export interface WaitingNoticesOptions {
  readonly clock: Clock;
  /** How many wait now. */
  readonly waitingCount: () => number;
}

export class WaitingNotices {
  readonly #session: Session;
  readonly #ticket: Ticket;
  readonly #options: WaitingNoticesOptions;
  readonly #next: Deadline;
  #toldPlace = 0;
  #toldMs = 0;

  /** Tells the place from now on, until {@link WaitingNotices.stop}. */
  constructor(session: Session, ticket: Ticket, options: WaitingNoticesOptions) {
    this.#session = session;
    this.#ticket = ticket;
    this.#options = options;
    this.#next = new Deadline(options.clock, () => this.#tell());
    this.#tell();
  }

  /** The place has changed. It is told as soon as the rate allows. */
  moved(): void {
    const { place } = this.#ticket;
    const sinceMs = this.#options.clock.monotonicMs() - this.#toldMs;
    const afterMs = place === this.#toldPlace ? waitingRepeatMs : this.#changeMs();
    this.#next.set(Math.max(0, afterMs - sinceMs));
  }

  stop(): void {
    this.#next.clear();
  }

  #tell(): void {
    const { place } = this.#ticket;
    this.#toldPlace = place;
    this.#toldMs = this.#options.clock.monotonicMs();
    this.#session.push(waitingType, { place });
    this.#next.set(waitingRepeatMs);
  }

  /** The more wait, the longer between two notices: when one leaves, the places of all behind it change. */
  #changeMs(): number {
    const fairMs = (this.#options.waitingCount() * 1000) / waitingNoticesPerSecond;
    return Math.min(waitingRepeatMs, Math.max(waitingChangeMs, fairMs));
  }
}
