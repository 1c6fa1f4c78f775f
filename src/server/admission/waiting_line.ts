/**
 * The order in which waiting members are served. The addresses take turns, and at each address its
 * accounts take turns. So a member with many connections delays mostly itself, and so does an
 * address with many members.
 */
import type { AccountName } from "../../account_name.ts";

/** The owner of a place in the line. */
export interface Waiter {
  readonly address: string;
  readonly name: AccountName;
}

/** The waiters of each account of an address, in order of arrival. The next account comes first. */
type Accounts<One> = Map<AccountName, One[]>;

export class WaitingLine<One extends Waiter> {
  /** The accounts of each address. The next address comes first. */
  readonly #addresses = new Map<string, Accounts<One>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns how many wait from one address. */
  sizeOf(address: string): number {
    let count = 0;
    for (const waiters of this.#addresses.get(address)?.values() ?? []) count += waiters.length;
    return count;
  }

  /** Adds a waiter behind those of its account. A new account or address comes after all others. */
  add(waiter: One): void {
    const accounts: Accounts<One> = this.#addresses.get(waiter.address) ?? new Map();
    this.#addresses.set(waiter.address, accounts);
    const waiters = accounts.get(waiter.name);
    if (waiters) waiters.push(waiter);
    else accounts.set(waiter.name, [waiter]);
    this.#size++;
  }

  /**
   * Removes the next waiter and returns it. Its address and its account then come last.
   *
   * @param isWanted returns whether an account may be served now; all may when absent
   */
  takeNext(isWanted: (name: AccountName) => boolean = () => true): One | undefined {
    const next = takeNext(this.#addresses, isWanted);
    if (next) this.#size--;
    return next;
  }

  /** Removes a waiter. Returns whether it was in the line. */
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

  /** Returns all waiters in the order in which they would be served if none came or went. */
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
