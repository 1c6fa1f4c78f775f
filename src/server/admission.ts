/**
 * Who is served, who waits, who is turned away. A permit is taken before a connection is served and given back on every way out.
 */
import type { AccountName } from "../account_name.ts";
import {
  accountConnectionsMin,
  accountShareMax,
  addressConnectionsMax,
  addressShareMax,
} from "../limits.ts";

/** What a connection holds from its arrival to its end. */
export interface Ticket {
  /** Place in the waiting room, 1 being the next; 0 while served. */
  readonly place: number;
  /** Resolves when the place has changed from `place`, or when it is served. */
  moved(place: number): Promise<void>;
  /** Gives the permit or the place back. Harmless the second time. */
  release(): void;
}

export class Admission {
  readonly userLimit: number;
  /** Connections that one address may have, served and waiting together. */
  readonly addressLimit: number;
  /** Served connections that one account may have. */
  readonly accountLimit: number;
  readonly #places: number;
  readonly #served = new Set<WaitingTicket>();
  /** First come, first served: a Set keeps the order. */
  readonly #waiting = new Set<WaitingTicket>();
  readonly #byAddress = new Map<string, number>();
  readonly #byAccount = new Map<AccountName, number>();

  /** @param places how many may wait */
  constructor({ userLimit, places }: { userLimit: number; places: number }) {
    this.userLimit = userLimit;
    this.addressLimit = Math.max(addressConnectionsMax, Math.floor(userLimit * addressShareMax));
    this.accountLimit = Math.max(accountConnectionsMin, Math.floor(userLimit * accountShareMax));
    this.#places = places;
  }

  get servedCount(): number {
    return this.#served.size;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Whether an address has all the connections that it may have. */
  isFullFor(address: string): boolean {
    return (this.#byAddress.get(address) ?? 0) >= this.addressLimit;
  }

  /** @returns `undefined` when everything is taken and the waiting room is full, or the address has all that it may have */
  enter(address: string): Ticket | undefined {
    if (this.isFullFor(address)) return undefined;
    const ticket = new WaitingTicket((left) => this.#leave(left, address));
    if (this.#served.size < this.userLimit) {
      this.#serve(ticket);
    } else if (this.#waiting.size < this.#places) {
      this.#waiting.add(ticket);
      ticket.moveTo(this.#waiting.size);
    } else {
      return undefined;
    }
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    return ticket;
  }

  /**
   * Counts a served connection as its account's, when it is known whose it is.
   *
   * @returns what gives that back, harmless the second time; `undefined` when the account has all that it may have
   */
  enterAccount(name: AccountName): (() => void) | undefined {
    const count = this.#byAccount.get(name) ?? 0;
    if (count >= this.accountLimit) return undefined;
    this.#byAccount.set(name, count + 1);
    let isGivenBack = false;
    return () => {
      if (!isGivenBack) countDown(this.#byAccount, name);
      isGivenBack = true;
    };
  }

  #serve(ticket: WaitingTicket): void {
    this.#served.add(ticket);
    ticket.moveTo(0);
  }

  #leave(ticket: WaitingTicket, address: string): void {
    countDown(this.#byAddress, address);
    if (this.#served.delete(ticket)) {
      const [next] = this.#waiting;
      if (next) {
        this.#waiting.delete(next);
        this.#serve(next);
      }
    } else {
      this.#waiting.delete(ticket);
    }
    let place = 0;
    for (const waiting of this.#waiting) waiting.moveTo(++place);
  }
}

/** Nobody who has none is remembered. */
function countDown<Key>(counts: Map<Key, number>, key: Key): void {
  const left = counts.get(key)! - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}

class WaitingTicket implements Ticket {
  place = -1;
  readonly #leave: (ticket: WaitingTicket) => void;
  #movers: (() => void)[] = [];
  #released = false;

  constructor(leave: (ticket: WaitingTicket) => void) {
    this.#leave = leave;
  }

  moveTo(place: number): void {
    if (this.place === place) return;
    this.place = place;
    const movers = this.#movers;
    this.#movers = [];
    for (const move of movers) move();
  }

  moved(place: number): Promise<void> {
    if (this.place !== place) return Promise.resolve();
    return new Promise((resolve) => this.#movers.push(resolve));
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#leave(this);
  }
}
