/**
 * The server's session keys: a fresh one at every interval for the connections that come from then on. What was recorded of earlier ones
 * cannot be opened any more once their key is gone, and it is gone with the last connection that uses it.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";

export interface SessionKeysOptions {
  readonly generate: () => Promise<SessionKey>;
  readonly clock: Clock;
  /** How long new connections get the same key. For ever when absent. */
  readonly everyMs?: number | undefined;
}

/** One connection's use of a key. */
export interface KeyLease {
  readonly key: SessionKey;
  /** Harmless the second time. */
  release(): void;
}

export class SessionKeys {
  readonly #options: SessionKeysOptions;
  #current: SessionKey;
  /** Every key whose private half is still held, with how many connections use it. */
  readonly #leases = new Map<SessionKey, number>();
  #onFault: (error: unknown) => void = () => {};
  #cancel: () => void = () => {};
  #isStopped = false;

  private constructor(first: SessionKey, options: SessionKeysOptions) {
    this.#current = first;
    this.#leases.set(first, 0);
    this.#options = options;
  }

  /** Makes the first key. They change from when {@link SessionKeys.start} is called. */
  static async open(options: SessionKeysOptions): Promise<SessionKeys> {
    return new SessionKeys(await options.generate(), options);
  }

  /** How many private keys are held: the current one, and older ones that connections still use. */
  get held(): number {
    return this.#leases.size;
  }

  /** The current key, for one connection. */
  lease(): KeyLease {
    const key = this.#current;
    this.#leases.set(key, this.#leases.get(key)! + 1);
    let isReleased = false;
    return {
      key,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#leases.set(key, this.#leases.get(key)! - 1);
        this.#forgetUnused(key);
      },
    };
  }

  /** @param onFault told when a key could not be made: the one before is used for another interval then */
  start({ onFault }: { onFault: (error: unknown) => void }): void {
    this.#onFault = onFault;
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #schedule(): void {
    const { clock, everyMs } = this.#options;
    if (everyMs === undefined || this.#isStopped) return;
    this.#cancel = clock.schedule(everyMs, () => this.#change());
  }

  async #change(): Promise<void> {
    try {
      const fresh = await this.#options.generate();
      const old = this.#current;
      this.#current = fresh;
      this.#leases.set(fresh, 0);
      this.#forgetUnused(old);
    } catch (error) {
      this.#onFault(error);
    }
    this.#schedule();
  }

  #forgetUnused(key: SessionKey): void {
    if (key !== this.#current && this.#leases.get(key) === 0) this.#leases.delete(key);
  }
}
