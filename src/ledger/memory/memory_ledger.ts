/**
 * The ledger in memory: for tests, and the model that every other implementation is compared with. Nothing survives it.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import { type Booking, type Entry, type EntryParty, issuingAccount } from "../entry.ts";
import type {
  Account,
  BookOutcome,
  CertificateRecord,
  HistoryQuery,
  Ledger,
  OnlineOutcome,
  Presence,
  RegisterOutcome,
  Registration,
  Totals,
} from "../ledger.ts";
import { isSameOrder, post } from "../posting.ts";
import { requireBookable, requirePage, requireRegistrable } from "../preconditions.ts";

export class MemoryLedger implements Ledger {
  readonly #ledgerId: string;
  readonly #balances = new Map<EntryParty, number>([[issuingAccount, 0]]);
  readonly #certificates = new Map<AccountName, CertificateRecord>();
  readonly #presences = new Map<AccountName, Presence>();
  readonly #entries: Entry[] = [];
  readonly #entriesById = new Map<string, Entry>();
  #closed = false;

  /** @param options `ledgerId` is the CA's fingerprint, 64 hexadecimal digits, and the head of the empty ledger */
  constructor(options: { ledgerId: string }) {
    this.#ledgerId = options.ledgerId;
  }

  register(registration: Registration): Promise<RegisterOutcome> {
    return this.#answer(() => {
      requireRegistrable(registration);
      const { name, certificate, opening } = registration;
      const known = this.#account(name);
      if (known !== undefined) {
        return known.certificate.keyFingerprint === certificate.keyFingerprint
          ? { outcome: "repeated", account: known }
          : { outcome: "name_taken" };
      }
      if (opening !== undefined) {
        if (this.#entriesById.has(opening.id)) {
          throw new TypeError(
            `cannot register ${name}: the id of its opening entry was used before`,
          );
        }
        // The payee's balance is not there yet: it is the one thing that `#append` needs and a refusal must not leave.
        this.#balances.set(name, 0);
        if (this.#append(opening) === undefined) {
          this.#balances.delete(name);
          return { outcome: "issue_exhausted" };
        }
      } else {
        this.#balances.set(name, 0);
      }
      this.#certificates.set(name, { ...certificate, der: certificate.der.slice() });
      return { outcome: "registered", account: this.#account(name)! };
    });
  }

  account(name: AccountName): Promise<Account | undefined> {
    return this.#answer(() => this.#account(name));
  }

  bringOnline(presence: Presence): Promise<OnlineOutcome> {
    return this.#answer(() => {
      if (!this.#certificates.has(presence.name)) return { outcome: "account_unknown" };
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

  book(booking: Booking): Promise<BookOutcome> {
    return this.#answer(() => {
      requireBookable(booking);
      const booked = this.#entriesById.get(booking.id);
      if (booked !== undefined) {
        return isSameOrder(booked, booking)
          ? { outcome: "repeated", entry: booked }
          : { outcome: "id_conflict" };
      }
      if (!this.#balances.has(booking.payer)) return { outcome: "payer_unknown" };
      if (!this.#balances.has(booking.payee)) return { outcome: "payee_unknown" };
      const entry = this.#append(booking);
      return entry === undefined ? { outcome: "bankrupt" } : { outcome: "booked", entry };
    });
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#answer(() => this.#entriesById.get(id));
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#answer(() => {
      requirePage(query);
      return this.#entries
        .filter(({ payer, payee }) => payer === name || payee === name)
        .filter(({ number }) => query.before === undefined || number < query.before)
        .reverse()
        .slice(0, query.limit);
    });
  }

  totals(): Promise<Totals> {
    return this.#answer(() => ({
      accounts: this.#certificates.size,
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

  #account(name: AccountName): Account | undefined {
    const certificate = this.#certificates.get(name);
    return certificate && { name, balance: this.#balances.get(name)!, certificate };
  }

  // deno-lint-ignore require-await -- async so that what `action` throws becomes a rejection
  async #answer<T>(action: () => T): Promise<T> {
    if (this.#closed) throw new LedgerError("cannot use the ledger: it was closed");
    return action();
  }
}
