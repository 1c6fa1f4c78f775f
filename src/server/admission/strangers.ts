/**
 * The connections of strangers: those that have not proved a member. There is a bounded number of them in total and of each
 * address. When it is reached, a newcomer is let in and another stranger is closed, so nobody keeps a newcomer out by saying nothing.
 */
import { strangersMax, strangersOfAddressMax } from "../../limits.ts";

/** One stranger's place in the pool. */
export interface Stranger {
  /** Its first line is here and waits to be opened: it may be a member's, so it is not closed for others. */
  speaks(): void;
  /** Its first line is open, and proved no member. */
  stays(): void;
  /** Gives the place back: it proved a member, or has gone. Harmless the second time. */
  leave(): void;
}

type Phase = "silent" | "speaking" | "staying";

interface Place {
  readonly address: string;
  phase: Phase;
  /** Closes the connection. */
  readonly close: () => void;
}

export class Strangers {
  /** By address; of each the one that came longest ago first. */
  readonly #byAddress = new Map<string, Set<Place>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Whether others press: the pool, or the part of this address, is more than half full. */
  isPressed(address: string): boolean {
    return this.#count > strangersMax / 2 || this.#of(address).size > strangersOfAddressMax / 2;
  }

  /**
   * Lets a newcomer in, and closes another stranger when there are too many.
   *
   * @param close called when the newcomer is closed for a later one
   * @returns `undefined` when the newcomer itself is the one to close: every other of its address has spoken and waits to be heard
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

  #add(place: Place): Stranger {
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

  #of(address: string): ReadonlySet<Place> {
    return this.#byAddress.get(address) ?? nobody;
  }

  /** Of the address with the most strangers, of those addresses that have one to close. */
  #toCloseOfAll(newcomer: string): Place | undefined {
    let most = 0;
    let found: Place | undefined;
    for (const places of this.#byAddress.values()) {
      if (places.size <= most) continue;
      const place = toClose(places);
      if (!place) continue;
      most = places.size;
      found = place;
    }
    return found ?? this.#lastSpeaker(newcomer);
  }

  /** Everybody has spoken. Then the address with the most strangers loses the one that would be heard last. */
  #lastSpeaker(newcomer: string): Place | undefined {
    let most = this.#of(newcomer).size + 1;
    let found: Place | undefined;
    for (const places of this.#byAddress.values()) {
      if (places.size <= most) continue;
      most = places.size;
      found = [...places].at(-1);
    }
    return found;
  }

  #crowdOut(place: Place): void {
    this.#remove(place);
    place.close();
  }

  #remove(place: Place): void {
    const places = this.#byAddress.get(place.address);
    if (!places?.delete(place)) return;
    if (places.size === 0) this.#byAddress.delete(place.address);
    this.#count--;
  }
}

const nobody: ReadonlySet<Place> = new Set();

/** The one that has been silent longest, else the one that has stayed longest. */
function toClose(places: ReadonlySet<Place>): Place | undefined {
  let staying: Place | undefined;
  for (const place of places) {
    if (place.phase === "silent") return place;
    if (place.phase === "staying") staying ??= place;
  }
  return staying;
}
