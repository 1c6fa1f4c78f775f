/**
 * Which members are served, which wait, which are turned away. A member takes a permit before it is served and gives it back on every
 * way out. Strangers take none: {@link Strangers}.
 */
import type { AccountName } from "../../account_name.ts";
import {
  accountConnectionsMin,
  accountShareMax,
  waitingPlacesOfAccount,
  waitingPlacesOfAddress,
} from "../../limits.ts";
import { type Waiter, WaitingLine } from "./waiting_line.ts";

/** What a member's connection holds from its first message to its end. */
export interface Ticket {
  /** Place in the waiting room, 1 being the next; 0 while served. */
  readonly place: number;
  /** Called whenever the place has changed. */
  onMove: () => void;
  /** Gives the permit or the place back. Harmless the second time. */
  release(): void;
}

export type Entered =
  | { readonly outcome: "entered"; readonly ticket: Ticket }
  /** The account has all the connections that it may have, served or waiting. */
  | { readonly outcome: "surplus" }
  /** The waiting room is full, or as full as it may be of members at one address. */
  | { readonly outcome: "full"; readonly of: "everybody" | "address" };

export class Admission {
  readonly userLimit: number;
  /** Permits that one account may have. */
  readonly accountLimit: number;
  readonly #places: number;
  readonly #served = new Set<Place>();
  readonly #waiting = new WaitingLine<Place>();
  readonly #servedOf = new Map<AccountName, number>();
  readonly #waitingOf = new Map<AccountName, number>();

  /** @param places how many may wait */
  constructor({ userLimit, places }: { userLimit: number; places: number }) {
    this.userLimit = userLimit;
    this.accountLimit = Math.max(accountConnectionsMin, Math.floor(userLimit * accountShareMax));
    this.#places = places;
  }

  get servedCount(): number {
    return this.#served.size;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /**
   * Lets a member's connection in, to be served at once or to wait. While there are permits an account has no more than its share of
   * them; when there are none, one more of it may wait.
   */
  enter({ name, address }: Waiter): Entered {
    const isFree = this.#served.size < this.userLimit;
    const waitingOf = this.#waitingOf.get(name) ?? 0;
    const hasAll = isFree ? !this.#mayServe(name) : waitingOf >= waitingPlacesOfAccount;
    if (hasAll) return { outcome: "surplus" };
    const ticket = new Place({ name, address }, (left) => this.#leave(left));
    if (isFree) {
      this.#serve(ticket);
      return { outcome: "entered", ticket };
    }
    if (this.#waiting.size >= this.#places) return { outcome: "full", of: "everybody" };
    if (this.#waiting.sizeOf(address) >= waitingPlacesOfAddress) {
      return { outcome: "full", of: "address" };
    }
    this.#waiting.add(ticket);
    this.#waitingOf.set(name, waitingOf + 1);
    this.#tellPlaces();
    return { outcome: "entered", ticket };
  }

  #mayServe(name: AccountName): boolean {
    return (this.#servedOf.get(name) ?? 0) < this.accountLimit;
  }

  #serve(ticket: Place): void {
    this.#served.add(ticket);
    this.#servedOf.set(ticket.name, (this.#servedOf.get(ticket.name) ?? 0) + 1);
    ticket.moveTo(0);
  }

  #leave(ticket: Place): void {
    if (this.#waiting.remove(ticket)) {
      countDown(this.#waitingOf, ticket.name);
    } else {
      this.#served.delete(ticket);
      countDown(this.#servedOf, ticket.name);
      this.#serveNext();
    }
    this.#tellPlaces();
  }

  /** A permit may be free while an account waits that has all it may have: it takes one when it gives one back. */
  #serveNext(): void {
    while (this.#served.size < this.userLimit) {
      const next = this.#waiting.takeNext((name) => this.#mayServe(name));
      if (!next) return;
      countDown(this.#waitingOf, next.name);
      this.#serve(next);
    }
  }

  #tellPlaces(): void {
    for (const [at, waiting] of this.#waiting.order().entries()) waiting.moveTo(at + 1);
  }
}

/** Nobody who has none is remembered. */
function countDown(counts: Map<AccountName, number>, name: AccountName): void {
  const left = counts.get(name)! - 1;
  if (left > 0) counts.set(name, left);
  else counts.delete(name);
}

class Place implements Ticket, Waiter {
  readonly name: AccountName;
  readonly address: string;
  place = -1;
  onMove = () => {};
  readonly #leave: (place: Place) => void;
  #released = false;

  constructor({ name, address }: Waiter, leave: (place: Place) => void) {
    this.name = name;
    this.address = address;
    this.#leave = leave;
  }

  moveTo(place: number): void {
    if (this.place === place) return;
    this.place = place;
    this.onMove();
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#leave(this);
  }
}
