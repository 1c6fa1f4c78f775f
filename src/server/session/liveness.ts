/**
 * Notices who is gone without having said so. A member may be silent for as long as it likes, if it answers when it is asked. A
 * stranger is there to register, and has a bounded time for all of it.
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

  /** @param strangerTimeoutMs how long somebody who is no member may stay */
  constructor(
    session: Session,
    { clock, strangerTimeoutMs }: { clock: Clock; strangerTimeoutMs: number },
  ) {
    this.#session = session;
    this.#deadline = new Deadline(clock, () => this.#pass());
    if (session.memberName === undefined) this.#deadline.set(strangerTimeoutMs);
  }

  /** Why the connection was closed here, if it was. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** From now on something is waited for. */
  wait(): void {
    if (this.#session.memberName === undefined) return;
    this.#isPinged = false;
    this.#deadline.set(memberIdleMs);
  }

  /** Something came. How long the answer takes is not on the member's time. */
  heard(): void {
    if (this.#session.memberName !== undefined) this.#deadline.clear();
  }

  /** The connection has ended. */
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
