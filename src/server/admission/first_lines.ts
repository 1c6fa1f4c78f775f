/**
 * The rate at which first lines are opened. Opening one costs a decryption before its sender is
 * known. A line that proves a member takes nothing from its address, but any other line does. So a
 * member at a shared address, such as a school's, is delayed by bad lines but never locked out.
 */
import type { CancelTimer, Clock } from "../../clock.ts";
import { strangerLineEveryMs, strangerLinesAtOnce } from "../../limits.ts";
import { TokenBuckets } from "./token_buckets.ts";

interface Queue {
  readonly lines: (() => void)[];
  cancel: CancelTimer;
}

export class FirstLines {
  readonly #clock: Clock;
  readonly #buckets: TokenBuckets;
  readonly #queues = new Map<string, Queue>();

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
    this.#buckets = new TokenBuckets({
      clock,
      atOnce: strangerLinesAtOnce,
      everyMs: strangerLineEveryMs,
    });
  }

  /** Resolves when a line from the address may be opened. Lines of an address keep their order. */
  take(address: string): Promise<void> {
    const queue = this.#queues.get(address);
    if (!queue && this.#buckets.take(address)) return Promise.resolve();
    return new Promise((resolve) => {
      if (queue) {
        queue.lines.push(resolve);
      } else {
        this.#queues.set(address, { lines: [resolve], cancel: () => {} });
        this.#schedule(address);
      }
    });
  }

  /** Undoes one {@link FirstLines.take}, because the line proved a member. */
  giveBack(address: string): void {
    this.#buckets.giveBack(address);
    this.#openNext(address);
  }

  #openNext(address: string): void {
    const queue = this.#queues.get(address);
    if (!queue) return;
    queue.cancel();
    while (queue.lines.length > 0 && this.#buckets.take(address)) queue.lines.shift()!();
    if (queue.lines.length > 0) this.#schedule(address);
    else this.#queues.delete(address);
  }

  #schedule(address: string): void {
    const queue = this.#queues.get(address)!;
    const delayMs = this.#buckets.delayMs(address);
    queue.cancel = this.#clock.schedule(delayMs, () => this.#openNext(address));
  }
}
