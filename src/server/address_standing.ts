/**
 * What each address has made the server pay for nothing. Whoever sends line after line that is refused is turned away for a while,
 * before anything is spent on it.
 *
 * An address is not a person: behind one there may be a whole class, and a container sees everybody at one. So an address that a
 * member has an open session from is never turned away; what comes from there is still counted, admitted, queued and
 * refused like anything else, and shares what its address may have.
 */
import type { Clock } from "../clock.ts";
import {
  addressesRememberedMax,
  addressRefusalsMax,
  addressRefusalWindowMs,
  addressShutOutMs,
} from "../limits.ts";

interface AddressRecord {
  /** Refused lines since `sinceMs`. */
  refusals: number;
  sinceMs: number;
  /** Shut out until then, by the monotonic clock. */
  untilMs: number;
}

export class AddressStanding {
  readonly #clock: Clock;
  /** The one that was refused longest ago first: it is forgotten when there are too many. */
  readonly #records = new Map<string, AddressRecord>();
  readonly #sessions = new Map<string, number>();

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /** How many addresses are remembered. */
  get remembered(): number {
    return this.#records.size;
  }

  /** A line from there was refused. */
  refused(address: string): void {
    const nowMs = this.#clock.monotonicMs();
    const record = this.#records.get(address) ?? { refusals: 0, sinceMs: nowMs, untilMs: 0 };
    if (nowMs - record.sinceMs >= addressRefusalWindowMs) {
      record.refusals = 0;
      record.sinceMs = nowMs;
    }
    record.refusals++;
    if (record.refusals > addressRefusalsMax) record.untilMs = nowMs + addressShutOutMs;
    this.#records.delete(address);
    this.#records.set(address, record);
    if (this.#records.size <= addressesRememberedMax) return;
    const [oldest] = this.#records.keys();
    this.#records.delete(oldest!);
  }

  /** Whether connections from there are closed unheard at the moment. */
  isShutOut(address: string): boolean {
    const record = this.#records.get(address);
    if (!record || this.#sessions.has(address)) return false;
    return this.#clock.monotonicMs() < record.untilMs;
  }

  /**
   * A member has a session from there.
   *
   * @returns to be called once, when it has ended
   */
  vouch(address: string): () => void {
    this.#sessions.set(address, (this.#sessions.get(address) ?? 0) + 1);
    return () => {
      const left = this.#sessions.get(address)! - 1;
      if (left > 0) this.#sessions.set(address, left);
      else this.#sessions.delete(address);
    };
  }
}
