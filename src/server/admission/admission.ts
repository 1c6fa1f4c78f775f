/**
 * Permits for members' connections. A connection gets a permit and is served, or waits for one, or
 * is refused. Strangers' connections need no permit, see {@link Strangers}.
 */
import type { AccountName } from "../../account_name.ts";
import {
  accountConnectionsMin,
  accountShareMax,
  waitingPlacesOfAccount,
  waitingPlacesOfAddress,
} from "../../limits.ts";
import { type Waiter, WaitingLine } from "./waiting_line.ts";

/** A permit or a place in the waiting room. A member's connection holds it until it ends. */
export interface Ticket {
  /** The place in the waiting room: 1 is the next, 0 means served. */
  readonly place: number;
  /** Called when the place has changed. */
  onMove: () => void;
  /** Gives the permit or the place back. A second call does nothing. */
  release(): void;
}

export type Entered =
  | { readonly outcome: "entered"; readonly ticket: Ticket }
  /** The account has as many connections as it may have, served or waiting. */
  | { readonly outcome: "surplus" }
  /** The waiting room is full, or has as many members of the address as it may have. */
  | { readonly outcome: "full"; readonly of: "everybody" | "address" };

export class Admission {
  readonly userLimit: number;
  /** How many permits one account may have. */
  readonly accountLimit: number;
  readonly #places: number;
  readonly #served = new Set<HeldTicket>();
  readonly #waiting = new WaitingLine<HeldTicket>();
  readonly #servedOf = new Map<AccountName, number>();
  readonly #waitingOf = new Map<AccountName, number>();

  /** @param places how many connections may wait */
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
   * Gives a member's connection a permit or a place in the waiting room, if it may have one. While
   * permits are free, an account has at most its share of them. When none is free, one more of its
   * connections may wait.
   */
  enter({ name, address }: Waiter): Entered {
    const isFree = this.#served.size < this.userLimit;
    const waitingOf = this.#waitingOf.get(name) ?? 0;
    const hasAll = isFree ? !this.#mayServe(name) : waitingOf >= waitingPlacesOfAccount;
    if (hasAll) return { outcome: "surplus" };
    const ticket = new HeldTicket({ name, address }, (left) => this.#leave(left));
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

  #serve(ticket: HeldTicket): void {
    this.#served.add(ticket);
    this.#servedOf.set(ticket.name, (this.#servedOf.get(ticket.name) ?? 0) + 1);
    ticket.moveTo(0);
  }

  #leave(ticket: HeldTicket): void {
    if (this.#waiting.remove(ticket)) {
      countDown(this.#waitingOf, ticket.name);
    } else {
      this.#served.delete(ticket);
      countDown(this.#servedOf, ticket.name);
      this.#serveNext();
    }
    this.#tellPlaces();
  }

  /** Serves waiting accounts, but none that has its share. It is served when it gives one back. */
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

/** Counts an account down, and forgets it at zero. */
function countDown(counts: Map<AccountName, number>, name: AccountName): void {
  const left = counts.get(name)! - 1;
  if (left > 0) counts.set(name, left);
  else counts.delete(name);
}

class HeldTicket implements Ticket, Waiter {
  readonly name: AccountName;
  readonly address: string;
  place = -1;
  onMove = () => {};
  readonly #leave: (ticket: HeldTicket) => void;
  #released = false;

  constructor({ name, address }: Waiter, leave: (ticket: HeldTicket) => void) {
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
