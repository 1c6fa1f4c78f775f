/**
 * The ledger in memory: for tests, and the model that every other implementation is compared with. Nothing survives it.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import { type Booking, type Entry, entryDigest, orderDigest } from "../entry.ts";
import type {
  Account,
  BookingConditions,
  BookOutcome,
  ChainPart,
  CloseOutcome,
  HistoryQuery,
  Ledger,
  OnlineOutcome,
  Presence,
  RegisterOutcome,
  Registration,
  RevokeOutcome,
  Totals,
  Voiding,
  VoidOutcome,
} from "../ledger.ts";
import { isSameOrder, judgeRefund, post } from "../posting.ts";
import {
  requireBookable,
  requirePage,
  requireRegistrable,
  requireRevocable,
  requireVoidable,
} from "../preconditions.ts";
import { MemoryAccounts } from "./memory_accounts.ts";
import { MemoryVoidings } from "./memory_voidings.ts";

export class MemoryLedger implements Ledger {
  readonly #ledgerId: string;
  readonly #accounts = new MemoryAccounts();
  readonly #balances = this.#accounts.balances;
  readonly #presences = new Map<AccountName, Presence>();
  readonly #entries: Entry[] = [];
  readonly #entriesById = new Map<string, Entry>();
  readonly #voidings = new MemoryVoidings();
  #closed = false;

  /** @param options `ledgerId` is the CA's fingerprint, 64 hexadecimal digits, and the head of the empty ledger */
  constructor(options: { ledgerId: string }) {
    this.#ledgerId = options.ledgerId;
  }

  register(registration: Registration): Promise<RegisterOutcome> {
    return this.#answer(() => {
      requireRegistrable(registration);
      const { name, certificate, opening } = registration;
      const known = this.#accounts.find(name);
      if (known !== undefined) return this.#accounts.registerAgain(known, registration);
      const { accountsMax = Infinity } = registration;
      // The issuing account is none of them.
      if (this.#balances.size - 1 >= accountsMax) return { outcome: "too_many_accounts" };
      if (opening !== undefined && this.#entriesById.has(opening.id)) {
        throw new TypeError(`cannot register ${name}: the id of its opening entry is used`);
      }
      // There already for the opening entry, which needs both balances.
      this.#balances.set(name, 0);
      if (opening !== undefined && this.#append(opening) === undefined) {
        this.#balances.delete(name);
        return { outcome: "issue_exhausted" };
      }
      return { outcome: "registered", account: this.#accounts.certify(name, certificate) };
    });
  }

  account(name: AccountName): Promise<Account | undefined> {
    return this.#answer(() => this.#accounts.find(name));
  }

  bringOnline(presence: Presence): Promise<OnlineOutcome> {
    return this.#answer(() => {
      const account = this.#accounts.find(presence.name);
      if (account?.certificate === undefined || account.isClosed) {
        return { outcome: "account_unknown" };
      }
      if (this.#presences.has(presence.name)) return { outcome: "already_online" };
      this.#presences.set(presence.name, { ...presence });
      return { outcome: "online" };
    });
  }

  takeOffline(name: AccountName): Promise<void> {
    return this.#answer(() => void this.#presences.delete(name));
  }

  presence(name: AccountName): Promise<Presence | undefined> {
    return this.#answer(() => this.#presences.get(name));
  }

  online(query: { readonly limit: number; readonly after?: AccountName }): Promise<Presence[]> {
    return this.#answer(() => {
      requirePage({ limit: query.limit });
      return [...this.#presences.values()]
        .filter(({ name }) => query.after === undefined || name > query.after)
        .sort((a, b) => a.name < b.name ? -1 : 1)
        .slice(0, query.limit);
    });
  }

  onlineCount(): Promise<number> {
    return this.#answer(() => this.#presences.size);
  }

  book(booking: Booking, conditions: BookingConditions = {}): Promise<BookOutcome> {
    return this.#answer(() => {
      requireBookable(booking, conditions);
      const booked = this.#entriesById.get(booking.id);
      if (booked !== undefined) {
        return isSameOrder(booked, booking)
          ? { outcome: "repeated", entry: booked }
          : { outcome: "id_conflict" };
      }
      const code = this.#voidings.code(orderDigest(booking.orderJws));
      if (code !== undefined) return { outcome: "voided", code };
      if (this.#voidings.isForgotten(booking.payer, conditions.expiresAtMs)) {
        return { outcome: "expired" };
      }
      if (!this.#balances.has(booking.payer)) return { outcome: "payer_unknown" };
      if (!this.#balances.has(booking.payee)) return { outcome: "payee_unknown" };
      const objection = this.#objection(booking);
      if (objection !== undefined) return { outcome: objection };
      const entry = this.#append(booking);
      return entry === undefined ? { outcome: "bankrupt" } : { outcome: "booked", entry };
    });
  }

  voidOrder(voiding: Voiding): Promise<VoidOutcome> {
    return this.#answer(() => {
      requireVoidable(voiding);
      const entry = this.#entriesById.get(voiding.id);
      if (entry !== undefined && orderDigest(entry.orderJws) === voiding.digest) {
        return { outcome: "booked", entry };
      }
      return this.#voidings.add(voiding);
    });
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#answer(() => this.#entriesById.get(id));
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#answer(() => {
      requirePage(query);
      const { limit, after, before = Infinity } = query;
      const own = this.#entries.filter(({ payer, payee }) => payer === name || payee === name);
      return after === undefined
        ? own.filter(({ number }) => number < before).reverse().slice(0, limit)
        : own.filter(({ number }) => number > after).slice(0, limit);
    });
  }

  chain(query: { readonly after: number; readonly limit: number }): Promise<ChainPart> {
    return this.#answer(() => {
      requirePage(query);
      const { after, limit } = query;
      const head = after === 0 ? this.#ledgerId : this.#entries[after - 1]?.hash ?? this.#head();
      return { head, digests: this.#entries.slice(after, after + limit).map(entryDigest) };
    });
  }

  revoke(
    name: AccountName,
    options: { readonly codeDigest: string; readonly atMs: number },
  ): Promise<RevokeOutcome> {
    return this.#answer(() => {
      requireRevocable(name, options);
      const result = this.#accounts.revoke(name, options.codeDigest);
      if (result.outcome === "revoked") this.#presences.delete(name);
      return result;
    });
  }

  closeAccount(name: AccountName, options: { readonly atMs: number }): Promise<CloseOutcome> {
    return this.#answer(() => {
      requireRevocable(name, options);
      const result = this.#accounts.close(name);
      if (result.outcome === "closed") this.#presences.delete(name);
      return result;
    });
  }

  /** Nobody else can change it. */
  revision(): Promise<number> {
    return this.#answer(() => 1);
  }

  entryCount(): Promise<number> {
    return this.#answer(() => this.#entries.length);
  }

  totals(): Promise<Totals> {
    return this.#answer(() => ({
      accounts: this.#balances.size - 1,
      entries: this.#entries.length,
      balanceSum: [...this.#balances.values()].reduce((sum, balance) => sum + balance, 0),
      head: this.#head(),
    }));
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #append(booking: Booking): Entry | undefined {
    const entry = post(booking, {
      lastNumber: this.#entries.length,
      head: this.#head(),
      payerBalance: this.#balances.get(booking.payer)!,
      payeeBalance: this.#balances.get(booking.payee)!,
    });
    if (entry === undefined) return undefined;
    this.#balances.set(entry.payer, entry.payerBalance);
    this.#balances.set(entry.payee, entry.payeeBalance);
    this.#entries.push(entry);
    this.#entriesById.set(entry.id, entry);
    return entry;
  }

  #head(): string {
    return this.#entries.at(-1)?.hash ?? this.#ledgerId;
  }

  #objection(booking: Booking): "account_closed" | ReturnType<typeof judgeRefund> {
    const { kind, payer, payee, refunds } = booking;
    const accounts = this.#accounts;
    const isPayerClosed = kind !== "withdrawal" && accounts.isClosed(payer);
    if (isPayerClosed || accounts.isClosed(payee)) return "account_closed";
    if (refunds === undefined) return undefined;
    const refunded = this.#entries.filter((entry) => entry.refunds === refunds)
      .reduce((sum, { amount }) => sum + amount, 0);
    return judgeRefund(booking, { payment: this.#entriesById.get(refunds), refunded });
  }

  // deno-lint-ignore require-await -- async so that what `action` throws becomes a rejection
  async #answer<T>(action: () => T): Promise<T> {
    if (this.#closed) throw new LedgerError("cannot use the ledger: it was closed");
    return action();
  }
}
