/**
 * Closes connections whose other side has gone without a goodbye. A silent member gets a ping and
 * must answer it. A stranger has a bounded time, because it is there only to register.
 */
import type { Clock } from "../../clock.ts";
import { memberIdleMs, pongTimeoutMs } from "../../limits.ts";
import { pingType } from "../../protocol/ping.ts";
import { Deadline } from "../../transport/deadline.ts";
import type { Session } from "./session.ts";

export class Liveness {
  readonly #session: Session;
  readonly #deadline: Deadline;
  #isPinged = false;
  #lost: string | undefined;

  /** @param strangerTimeoutMs how long a connection of no member may last */
  constructor(
    session: Session,
    { clock, strangerTimeoutMs }: { clock: Clock; strangerTimeoutMs: number },
  ) {
    this.#session = session;
    this.#deadline = new Deadline(clock, () => this.#pass());
    if (session.memberName === undefined) this.#deadline.set(strangerTimeoutMs);
  }

  /** Why this side closed the connection, if it did. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Starts to wait for a message. */
  wait(): void {
    if (this.#session.memberName === undefined) return;
    this.#isPinged = false;
    this.#deadline.set(memberIdleMs);
  }

  /** Ends the wait: a message has arrived. The time for its answer does not count. */
  heard(): void {
    if (this.#session.memberName !== undefined) this.#deadline.clear();
  }

  /** Stops all timers, because the connection has ended. */
  stop(): void {
    this.#deadline.clear();
  }

  #pass(): void {
    if (this.#session.memberName !== undefined && !this.#isPinged) {
      this.#isPinged = true;
      this.#session.pushAtOnce(pingType, {});
      this.#deadline.set(pongTimeoutMs);
      return;
    }
    this.#lost = this.#isPinged
      ? "it did not answer whether it is there"
      : "it did not register in time";
    this.#session.channel.close();
  }
}
