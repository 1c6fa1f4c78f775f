/**
 * Closes connections whose other side has gone without a goodbye. A silent member gets a ping and
 * must answer it. A stranger has a bounded time, because it is there only to register.
 */
import type { Clock } from "../../clock.ts";
import { memberIdleMs, pongTimeoutMs, replaceWaitMs } from "../../limits.ts";
import { pingType } from "../../protocol/ping.ts";
import { Deadline } from "../../transport/deadline.ts";
import type { Session } from "./session.ts";

export class Liveness {
  readonly #session: Session;
  readonly #deadline: Deadline;
  #isPinged = false;
  #lost: string | undefined;
  /** Whether a message of a member is awaited, its request being answered, or all is over. */
  #state: "waiting" | "busy" | "over" = "busy";
  #probe: PromiseWithResolvers<boolean> | undefined;

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
    this.#state = "waiting";
    this.#deadline.set(memberIdleMs);
  }

  /** Ends the wait: a message has arrived. The time for its answer does not count. */
  heard(): void {
    if (this.#session.memberName !== undefined) this.#deadline.clear();
    this.#state = "busy";
    this.#answerProbe(true);
  }

  /**
   * Asks the member for a sign of life, and waits at most {@link replaceWaitMs}. A member whose
   * request is under way gave one. Those who ask meanwhile share the answer.
   *
   * @returns whether there was one. `false` also when the connection ends first
   */
  async isAlive(): Promise<boolean> {
    if (this.#state !== "waiting") return this.#state === "busy";
    if (!this.#probe) {
      this.#probe = Promise.withResolvers();
      if (!this.#isPinged) this.#session.pushAtOnce(pingType, {});
      this.#isPinged = true;
      this.#deadline.set(replaceWaitMs);
    }
    return await this.#probe.promise;
  }

  /** Stops all timers, because the connection has ended. */
  stop(): void {
    this.#deadline.clear();
    this.#state = "over";
    this.#answerProbe(false);
  }

  #answerProbe(isAlive: boolean): void {
    this.#probe?.resolve(isAlive);
    this.#probe = undefined;
  }

  #pass(): void {
    // The other login replaces this connection, or leaves it.
    if (this.#probe) {
      this.#deadline.set(pongTimeoutMs);
      return this.#answerProbe(false);
    }
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
