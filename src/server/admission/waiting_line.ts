/**
 * The order in which members who wait are served: the addresses take turns, and at each address its accounts do.
 *
 * One member with many connections waits behind itself, and so does one address with many members.
 */
import type { AccountName } from "../../account_name.ts";

/** Whom a place in the line belongs to. */
export interface Waiter {
  readonly address: string;
  readonly name: AccountName;
}

/** The accounts of one address, the next one first; each with its own waiters in the order they came. */
type Accounts<One> = Map<AccountName, One[]>;

export class WaitingLine<One extends Waiter> {
  /** The next address first. */
  readonly #addresses = new Map<string, Accounts<One>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many wait from one address. */
  sizeOf(address: string): number {
    let count = 0;
    for (const waiters of this.#addresses.get(address)?.values() ?? []) count += waiters.length;
    return count;
  }

  /** At the end of its account's waiters; an account or address that has none yet comes after all others. */
  add(waiter: One): void {
    const accounts: Accounts<One> = this.#addresses.get(waiter.address) ?? new Map();
    this.#addresses.set(waiter.address, accounts);
    const waiters = accounts.get(waiter.name);
    if (waiters) waiters.push(waiter);
    else accounts.set(waiter.name, [waiter]);
    this.#size++;
  }

  /**
   * Takes the next one out of the line. Its address and its account are the last in turn from then on.
   *
   * @param isWanted which accounts may have a turn; all when absent
   */
  takeNext(isWanted: (name: AccountName) => boolean = () => true): One | undefined {
    const next = takeNext(this.#addresses, isWanted);
    if (next) this.#size--;
    return next;
  }

  /** @returns whether it was in the line */
  remove(waiter: One): boolean {
    const accounts = this.#addresses.get(waiter.address);
    const waiters = accounts?.get(waiter.name);
    const at = waiters?.indexOf(waiter) ?? -1;
    if (at === -1) return false;
    waiters!.splice(at, 1);
    if (waiters!.length === 0) accounts!.delete(waiter.name);
    if (accounts!.size === 0) this.#addresses.delete(waiter.address);
    this.#size--;
    return true;
  }

  /** Everybody in the order they would be served if nobody came or went. */
  order(): One[] {
    const copy = new Map<string, Accounts<One>>();
    for (const [address, accounts] of this.#addresses) {
      copy.set(address, new Map([...accounts].map(([name, waiters]) => [name, [...waiters]])));
    }
    const order: One[] = [];
    for (let next; (next = takeNext(copy, () => true)) !== undefined;) order.push(next);
    return order;
  }
}

function takeNext<One>(
  addresses: Map<string, Accounts<One>>,
  isWanted: (name: AccountName) => boolean,
): One | undefined {
  for (const [address, accounts] of addresses) {
    for (const [name, waiters] of accounts) {
      if (!isWanted(name)) continue;
      const next = waiters.shift()!;
      accounts.delete(name);
      if (waiters.length > 0) accounts.set(name, waiters);
      addresses.delete(address);
      if (accounts.size > 0) addresses.set(address, accounts);
      return next;
    }
  }
  return undefined;
}
