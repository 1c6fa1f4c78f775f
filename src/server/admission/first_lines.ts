/**
 * The rate at which an address has first lines opened. A first line costs a decryption before anybody knows who sent it. One that
 * proves a member takes nothing from its address; any other one does. So a member's line is heard however many bad ones come from
 * the same address, which may be a school's, only a little later.
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

  /** Resolves when a line from there may be opened; lines from one address in the order they came. */
  turn(address: string): Promise<void> {
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

  /** A line from there proved a member: as if it had not come. */
  proved(address: string): void {
    this.#buckets.giveBack(address);
    this.#next(address);
  }

  #next(address: string): void {
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
    queue.cancel = this.#clock.schedule(delayMs, () => this.#next(address));
  }
}
