/**
 * The ledger in memory: for tests, and the model that every other implementation is compared with. Nothing survives it.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import {
  type Booking,
  type Entry,
  entryDigest,
  type EntryParty,
  issuingAccount,
} from "../entry.ts";
import type {
  Account,
  BookOutcome,
  CertificateRecord,
  ChainPart,
  CloseOutcome,
  HistoryQuery,
  Ledger,
  OnlineOutcome,
  Presence,
  RegisteredAccount,
  RegisterOutcome,
  Registration,
  RevokeOutcome,
  Totals,
} from "../ledger.ts";
import { isSameOrder, judgeRefund, post } from "../posting.ts";
import { requireBookable, requirePage, requireRegistrable } from "../preconditions.ts";

export class MemoryLedger implements Ledger {
  readonly #ledgerId: string;
  readonly #balances = new Map<EntryParty, number>([[issuingAccount, 0]]);
  readonly #certificates = new Map<AccountName, CertificateRecord>();
  readonly #codeDigests = new Map<AccountName, string>();
  readonly #closedAccounts = new Set<EntryParty>();
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
      if (known !== undefined) return this.#registerAgain(known, registration);
      if (opening !== undefined && this.#entriesById.has(opening.id)) {
        throw new TypeError(`cannot register ${name}: the id of its opening entry is used`);
      }
      // There already for the opening entry, which needs both balances.
      this.#balances.set(name, 0);
      if (opening !== undefined && this.#append(opening) === undefined) {
        this.#balances.delete(name);
        return { outcome: "issue_exhausted" };
      }
      this.#certificates.set(name, { ...certificate, der: certificate.der.slice() });
      return { outcome: "registered", account: this.#account(name) as RegisteredAccount };
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
      const objection = this.#objection(booking);
      if (objection !== undefined) return { outcome: objection };
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
    { codeDigest }: { readonly codeDigest: string; readonly atMs: number },
  ): Promise<RevokeOutcome> {
    return this.#answer(() => {
      const account = this.#account(name);
      if (account === undefined) return { outcome: "account_unknown" };
      if (account.isClosed) return { outcome: "account_closed" };
      this.#certificates.delete(name);
      this.#codeDigests.set(name, codeDigest);
      this.#presences.delete(name);
      return { outcome: "revoked" };
    });
  }

  closeAccount(name: AccountName): Promise<CloseOutcome> {
    return this.#answer(() => {
      const account = this.#account(name);
      if (account === undefined) return { outcome: "account_unknown" };
      if (account.isClosed) return { outcome: "account_closed" };
      this.#closedAccounts.add(name);
      this.#presences.delete(name);
      return { outcome: "closed" };
    });
  }

  /** Nobody else can change it. */
  revision(): Promise<number> {
    return this.#answer(() => 1);
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

  #account(name: AccountName): Account | undefined {
    const balance = this.#balances.get(name);
    if (balance === undefined) return undefined;
    const certificate = this.#certificates.get(name);
    const isClosed = this.#closedAccounts.has(name);
    return { name, balance, ...(certificate && { certificate }), isClosed };
  }

  /** A name that is there: the same key again, or a new key with the code for it. */
  #registerAgain(
    { name, certificate: current, isClosed }: Account,
    { certificate, codeDigest }: Registration,
  ): RegisterOutcome {
    if (current?.keyFingerprint === certificate.keyFingerprint) {
      return { outcome: "repeated", account: this.#account(name) as RegisteredAccount };
    }
    const expected = this.#codeDigests.get(name);
    if (current || isClosed || codeDigest === undefined || codeDigest !== expected) {
      return { outcome: "name_taken" };
    }
    this.#certificates.set(name, { ...certificate, der: certificate.der.slice() });
    this.#codeDigests.delete(name);
    return { outcome: "reissued", account: this.#account(name) as RegisteredAccount };
  }

  #objection(booking: Booking): "account_closed" | ReturnType<typeof judgeRefund> {
    const { kind, payer, payee, refunds } = booking;
    const isClosed = (party: EntryParty) => this.#closedAccounts.has(party);
    if (isClosed(payee) || (kind !== "withdrawal" && isClosed(payer))) return "account_closed";
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
