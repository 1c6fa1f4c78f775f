/**
 * Notices of a member's place in the waiting room: one at once, one after each change, and a
 * repetition after a while. The member's own turns pay for sealing them. Their rate is bounded for
 * each connection and in all.
 */
import type { Clock } from "../../clock.ts";
import { waitingChangeMs, waitingNoticesPerSecond, waitingRepeatMs } from "../../limits.ts";
import { waitingType } from "../../protocol/waiting.ts";
import { Deadline } from "../../transport/deadline.ts";
import type { Ticket } from "../admission/admission.ts";
import type { Session } from "./session.ts";

export interface WaitingNoticesOptions {
  readonly clock: Clock;
  readonly waitingCount: () => number;
}

export class WaitingNotices {
  readonly #session: Session;
  readonly #ticket: Ticket;
  readonly #options: WaitingNoticesOptions;
  readonly #next: Deadline;
  #toldPlace = 0;
  #toldMs = 0;

  /** Sends notices until {@link WaitingNotices.stop}. */
  constructor(session: Session, ticket: Ticket, options: WaitingNoticesOptions) {
    this.#session = session;
    this.#ticket = ticket;
    this.#options = options;
    this.#next = new Deadline(options.clock, () => this.#tell());
    this.#tell();
  }

  /** Sends a notice of the new place as soon as the rate allows. */
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

  /**
   * Returns the shortest time between two notices. It grows with the number of waiting connections,
   * because the places of all of them change when the first one leaves.
   */
  #changeMs(): number {
    const fairMs = (this.#options.waitingCount() * 1000) / waitingNoticesPerSecond;
    return Math.min(waitingRepeatMs, Math.max(waitingChangeMs, fairMs));
  }
}
