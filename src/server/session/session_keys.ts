/**
 * The server's session keys. New connections get a fresh key at each interval. A key is forgotten
 * with the last connection that uses it, and then nobody can decrypt recorded traffic to it.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey } from "../../envelope/session_key.ts";

export interface SessionKeysOptions {
  readonly generate: () => Promise<SessionKey>;
  readonly clock: Clock;
  /** How long new connections get the same key; for ever when absent. */
  readonly everyMs?: number | undefined;
}

/** One connection's use of a key. */
export interface KeyLease {
  readonly key: SessionKey;
  /** Gives the key back. A second call does nothing. */
  release(): void;
}

export class SessionKeys {
  readonly #options: SessionKeysOptions;
  #current: SessionKey;
  /** Each key whose private half is held, with the number of connections that use it. */
  readonly #leases = new Map<SessionKey, number>();
  #onFault: (error: unknown) => void = () => {};
  #cancel: () => void = () => {};
  #isStopped = false;

  private constructor(first: SessionKey, options: SessionKeysOptions) {
    this.#current = first;
    this.#leases.set(first, 0);
    this.#options = options;
  }

  /** Makes the first key. Keys change after {@link SessionKeys.start}. */
  static async open(options: SessionKeysOptions): Promise<SessionKeys> {
    return new SessionKeys(await options.generate(), options);
  }

  /** How many private keys are held: the current one and older ones in use. */
  get held(): number {
    return this.#leases.size;
  }

  /** Returns the current key, for one connection. */
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

  /**
   * Starts to change keys.
   *
   * @param onFault called when a key could not be made. The old key then serves another interval.
   */
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
