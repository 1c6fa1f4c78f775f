/**
 * The connections of strangers, which have not proved a member. Their number is bounded, in all and
 * for each address. When it is reached, a new connection displaces another stranger's, so silent
 * connections keep nobody out.
 */
import { strangersMax, strangersOfAddressMax } from "../../limits.ts";

/** One stranger's place in the pool. */
export interface Stranger {
  /** The first line has arrived. It may be a member's, so this connection is not displaced. */
  speaks(): void;
  /** The first line was opened and proved no member. */
  stays(): void;
  /** Gives the place back, because it proved a member or has gone. A second call does nothing. */
  leave(): void;
}

type Phase = "silent" | "speaking" | "staying";

interface PooledConnection {
  readonly address: string;
  phase: Phase;
  /** Closes the connection. */
  readonly close: () => void;
}

export class Strangers {
  /** The connections of each address, the oldest first. */
  readonly #byAddress = new Map<string, Set<PooledConnection>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Returns whether the pool, or the part of this address, is more than half full. */
  isPressed(address: string): boolean {
    return this.#count > strangersMax / 2 || this.#of(address).size > strangersOfAddressMax / 2;
  }

  /**
   * Adds a connection, and closes another stranger's when there are too many.
   *
   * @param close called when this connection is closed for a later one
   * @returns `undefined` when the first lines of all others at its address wait to be opened. Then
   * the new connection must be closed.
   */
  admit(address: string, close: () => void): Stranger | undefined {
    if (this.#of(address).size >= strangersOfAddressMax) {
      const place = toClose(this.#of(address));
      if (!place) return undefined;
      this.#crowdOut(place);
    } else if (this.#count >= strangersMax) {
      const place = this.#toCloseOfAll(address);
      if (!place) return undefined;
      this.#crowdOut(place);
    }
    return this.#add({ address, phase: "silent", close });
  }

  #add(place: PooledConnection): Stranger {
    const places = this.#byAddress.get(place.address);
    if (places) places.add(place);
    else this.#byAddress.set(place.address, new Set([place]));
    this.#count++;
    return {
      speaks: () => place.phase = "speaking",
      stays: () => place.phase = "staying",
      leave: () => this.#remove(place),
    };
  }

  #of(address: string): ReadonlySet<PooledConnection> {
    return this.#byAddress.get(address) ?? nobody;
  }

  /**
   * Returns a connection to close, of the address with the most strangers that has one. When all
   * first lines wait to be opened, it is the newest one of the address with the most strangers.
   */
  #toCloseOfAll(newcomer: string): PooledConnection | undefined {
    return this.#ofMost(0, toClose) ??
      this.#ofMost(this.#of(newcomer).size + 1, (places) => [...places].at(-1));
  }

  /** Chooses a connection of the address with the most strangers, but more than `least`. */
  #ofMost(
    least: number,
    choose: (places: ReadonlySet<PooledConnection>) => PooledConnection | undefined,
  ): PooledConnection | undefined {
    let most = least;
    let found: PooledConnection | undefined;
    for (const places of this.#byAddress.values()) {
      if (places.size <= most) continue;
      const place = choose(places);
      if (!place) continue;
      most = places.size;
      found = place;
    }
    return found;
  }

  #crowdOut(place: PooledConnection): void {
    this.#remove(place);
    place.close();
  }

  #remove(place: PooledConnection): void {
    const places = this.#byAddress.get(place.address);
    if (!places?.delete(place)) return;
    if (places.size === 0) this.#byAddress.delete(place.address);
    this.#count--;
  }
}

const nobody: ReadonlySet<PooledConnection> = new Set();

/** Returns the connection that has been silent longest, or else the one that has stayed longest. */
function toClose(places: ReadonlySet<PooledConnection>): PooledConnection | undefined {
  let staying: PooledConnection | undefined;
  for (const place of places) {
    if (place.phase === "silent") return place;
    if (place.phase === "staying") staying ??= place;
  }
  return staying;
}
