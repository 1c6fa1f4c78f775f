/**
 * The ledger in memory: the model for the SQLite ledger, and the ledger of tests that need no file.
 */
import type { AccountName } from "../../../src/account_name.ts";
import { LedgerError } from "../../../src/errors.ts";
import type { AccountChange, RecordedChange } from "../../../src/ledger/account_change.ts";
import { objectToBooking, objectToChange } from "../../../src/ledger/account_rules.ts";
import { DecisionFeed } from "../../../src/ledger/decision_feed.ts";
import { type Booking, type Entry, isSignedByPayer } from "../../../src/ledger/entry.ts";
import type { Invitation, NewInvitation } from "../../../src/ledger/invitation.ts";
import type {
  Account,
  BookOutcome,
  ChangeOutcome,
  DecisionListener,
  FoundPresence,
  HistoryQuery,
  Ledger,
  LedgerProofs,
  OnlineOutcome,
  Presence,
  ProofQuery,
  RegisterOutcome,
  Registration,
  Totals,
  Voiding,
  VoidOutcome,
} from "../../../src/ledger/ledger.ts";
import { isSameOrder, judgeRefund, post } from "../../../src/ledger/posting.ts";
import {
  requireBookable,
  requireChange,
  requireInvitation,
  requirePage,
  requireRegistrable,
  requireVoidable,
} from "../../../src/ledger/preconditions.ts";
import { serverAbsenceMsMax } from "../../../src/limits.ts";
import { MemoryAccounts } from "./memory_accounts.ts";
import { MemoryBook } from "./memory_book.ts";
import { MemoryInvitations } from "./memory_invitations.ts";
import { MemoryRelayStore } from "./memory_relay_store.ts";
import { MemoryVoidings, type VoidingLimits } from "./memory_voidings.ts";

export class MemoryLedger implements Ledger {
  readonly #accounts = new MemoryAccounts();
  readonly #balances = this.#accounts.balances;
  readonly #presences = new Map<AccountName, FoundPresence>();
  /** When each server attended last. */
  readonly #servers = new Map<string, number>();
  readonly #nowMs: () => number;
  readonly #relayStore: MemoryRelayStore | undefined;
  readonly #book: MemoryBook;
  readonly #voidings: MemoryVoidings;
  readonly #invitations = new MemoryInvitations();
  readonly #feed = new DecisionFeed();
  /** What is decided without a pause is told together, as of one commit. */
  #commit: Promise<void> | undefined;
  #closed = false;

  /**
   * @param options `ledgerId` is the CA's fingerprint and the head of the empty ledger; `voidings`
   * are other limits; `nowMs` is the clock of the storage, which stands still by default; `relays`
   * says whether its servers pass relayed bytes to each other
   */
  constructor(
    options: {
      ledgerId: string;
      voidings?: VoidingLimits;
      nowMs?: () => number;
      relays?: boolean;
    },
  ) {
    this.#nowMs = options.nowMs ?? (() => 0);
    if (options.relays) this.#relayStore = new MemoryRelayStore(this.#nowMs);
    this.#book = new MemoryBook(options.ledgerId);
    this.#voidings = new MemoryVoidings(options.voidings);
  }

  register(registration: Registration): Promise<RegisterOutcome> {
    return this.#answer(() => {
      requireRegistrable(registration);
      const { name, certificate, opening, invitation } = registration;
      const known = this.#accounts.find(name);
      if (known !== undefined) return this.#accounts.registerAgain(known, registration, this.#book);
      const reason = invitation && this.#invitations.judge(invitation, name);
      if (reason !== undefined) return { outcome: "not_invited", reason };
      const { accountsMax = Infinity } = registration;
      // The issuing account does not count.
      if (this.#balances.size - 1 >= accountsMax) return { outcome: "too_many_accounts" };
      if (opening !== undefined && this.#book.entry(opening.id) !== undefined) {
        throw new TypeError(`cannot register ${name}: the id of its opening entry is used`);
      }
      // Added first, because the opening entry needs both balances.
      this.#balances.set(name, 0);
      if (opening !== undefined && this.#append(opening) === undefined) {
        this.#balances.delete(name);
        return { outcome: "issue_exhausted" };
      }
      if (invitation !== undefined) this.#invitations.use(invitation);
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

  takeOffline(name: AccountName, { server }: { server?: string } = {}): Promise<void> {
    return this.#answer(() => {
      if (this.#presences.get(name)?.server === (server ?? this.#presences.get(name)?.server)) {
        this.#presences.delete(name);
      }
    });
  }

  presence(name: AccountName): Promise<FoundPresence | undefined> {
    return this.#answer(() => this.#presences.get(name));
  }

  askToLeave(name: AccountName): Promise<void> {
    return this.#answer(() => {
      const presence = this.#presences.get(name);
      if (presence && !presence.leave) this.#presences.set(name, { ...presence, leave: "asked" });
    });
  }

  takeLeaveRequests(server: string): Promise<AccountName[]> {
    return this.#answer(() => {
      const asked = [...this.#presences.values()]
        .filter((presence) => presence.server === server && presence.leave === "asked");
      for (const presence of asked) {
        this.#presences.set(presence.name, { ...presence, leave: "considered" });
      }
      return asked.map(({ name }) => name);
    });
  }

  stayOnline(name: AccountName, { server }: { readonly server: string }): Promise<void> {
    return this.#answer(() => {
      const { leave: _, ...presence } = this.#presences.get(name) ?? {} as FoundPresence;
      if (presence.server === server) this.#presences.set(name, presence);
    });
  }

  attend(server: string): Promise<boolean> {
    return this.#answer(() => {
      const isKnown = this.#servers.has(server);
      this.#servers.set(server, this.#nowMs());
      for (const [other, seenMs] of this.#servers) {
        if (this.#nowMs() - seenMs > serverAbsenceMsMax) this.#servers.delete(other);
      }
      for (const { name, server } of this.#presences.values()) {
        if (!this.#servers.has(server)) this.#presences.delete(name);
      }
      this.#relayStore?.forget(new Set(this.#servers.keys()));
      return isKnown;
    });
  }

  currentCertificate(name: AccountName): Promise<string | undefined> {
    return this.#answer(() => this.#accounts.certificateOf(name));
  }

  certificate(fingerprint: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#answer(() => {
      const signers = this.#book.entries().map(({ certificate }) => certificate);
      const all = [...this.#accounts.certificates(), ...signers];
      return all.find((certificate) => certificate.fingerprint === fingerprint)?.der;
    });
  }

  relayStore(): MemoryRelayStore | undefined {
    return this.#relayStore;
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
    return this.#decide(() => {
      requireBookable(booking);
      return this.#feed.book(this.#bookNow(booking), booking);
    });
  }

  voidOrder(voiding: Voiding): Promise<VoidOutcome> {
    return this.#decide(() => {
      requireVoidable(voiding);
      return this.#feed.voidOrder(this.#voidNow(voiding), voiding);
    });
  }

  follow(listener: DecisionListener): () => void {
    return this.#feed.follow(listener);
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#answer(() => this.#book.entry(id));
  }

  sumRefunds(id: string): Promise<number> {
    return this.#answer(() => this.#book.sumRefunds(id));
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#answer(() => {
      requirePage(query);
      const { limit, after, before = Infinity } = query;
      const own = this.#book.entries().filter(({ payer, payee }) =>
        payer === name || payee === name
      );
      return after === undefined
        ? own.filter(({ number }) => number < before).reverse().slice(0, limit)
        : own.filter(({ number }) => number > after).slice(0, limit);
    });
  }

  proofs(query: ProofQuery): Promise<LedgerProofs> {
    return this.#answer(() => this.#book.proofs(query));
  }

  invite(invitation: NewInvitation): Promise<Invitation> {
    return this.#answer(() => {
      requireInvitation(invitation);
      return this.#invitations.add(invitation);
    });
  }

  invitation(tokenDigest: string): Promise<Invitation | undefined> {
    return this.#answer(() => this.#invitations.find(tokenDigest));
  }

  invitations(query: { readonly after: number; readonly limit: number }): Promise<Invitation[]> {
    return this.#answer(() => {
      requirePage(query);
      return this.#invitations.page(query);
    });
  }

  revokeInvitation(number: number, { atMs }: { readonly atMs: number }): Promise<boolean> {
    return this.#answer(() => this.#invitations.revoke(number, atMs));
  }

  changeAccount(change: AccountChange): Promise<ChangeOutcome> {
    return this.#answer(() => {
      requireChange(change);
      const { name } = change;
      const lastStatement = this.#book.lastStatement();
      const objection = objectToChange(this.#accounts.find(name), change, { lastStatement });
      if (objection !== undefined) return { outcome: objection };
      this.#presences.delete(name);
      if (change.kind === "revocation") this.#voidings.forget(name);
      return { outcome: "changed", change: this.#accounts.change(change, this.#book) };
    });
  }

  changes(query: { readonly after: number; readonly limit: number }): Promise<RecordedChange[]> {
    return this.#answer(() => {
      requirePage(query);
      return this.#book.changes(query);
    });
  }

  lastStatement(): Promise<string> {
    return this.#answer(() => this.#book.lastStatement());
  }

  /** No other process can change it. */
  revision(): Promise<number> {
    return this.#answer(() => 1);
  }

  lastNumber(): Promise<number> {
    return this.#answer(() => this.#book.tree().size);
  }

  missingNumber(): Promise<undefined> {
    return this.#answer(() => undefined);
  }

  totals(): Promise<Totals> {
    return this.#answer(() => ({
      accounts: this.#balances.size - 1,
      entries: this.#book.entries().length,
      balanceSum: [...this.#balances.values()].reduce((sum, balance) => sum + balance, 0),
      head: this.#book.head(),
    }));
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #bookNow(booking: Booking): BookOutcome {
    const booked = this.#book.entry(booking.id);
    if (booked !== undefined) {
      return isSameOrder(booked, booking)
        ? { outcome: "repeated", entry: booked }
        : { outcome: "id_conflict" };
    }
    const code = this.#voidings.code(booking.orderDigest);
    if (code !== undefined) return { outcome: "voided", code };
    const { kind, payer, exp } = booking;
    if (isSignedByPayer(kind) && this.#voidings.isForgotten(payer, exp * 1000)) {
      return { outcome: "expired" };
    }
    if (!this.#balances.has(booking.payer)) return { outcome: "payer_unknown" };
    if (!this.#balances.has(booking.payee)) return { outcome: "payee_unknown" };
    const objection = this.#objection(booking);
    if (objection !== undefined) return { outcome: objection };
    const entry = this.#append(booking);
    return entry === undefined ? { outcome: "bankrupt" } : { outcome: "booked", entry };
  }

  #voidNow(voiding: Voiding): VoidOutcome {
    const entry = this.#book.entry(voiding.id);
    if (entry !== undefined && entry.orderDigest === voiding.digest) {
      return { outcome: "booked", entry };
    }
    const code = this.#voidings.code(voiding.digest);
    if (code !== undefined) return { outcome: "repeated", code };
    const current = this.#accounts.certificateOf(voiding.payer);
    if (voiding.certificate !== current) return { outcome: "unbookable" };
    return this.#voidings.add(voiding);
  }

  #append(booking: Booking): Entry | undefined {
    const entry = post(booking, {
      tree: this.#book.tree(),
      payerBalance: this.#balances.get(booking.payer)!,
      payeeBalance: this.#balances.get(booking.payee)!,
    })?.row;
    if (entry === undefined) return undefined;
    this.#balances.set(entry.payer, entry.payerBalance);
    this.#balances.set(entry.payee, entry.payeeBalance);
    this.#book.append(entry);
    return entry;
  }

  #objection(
    booking: Booking,
  ): ReturnType<typeof objectToBooking> | ReturnType<typeof judgeRefund> {
    const { payer, payee, refunds } = booking;
    const sides = { payer: this.#accounts.side(payer), payee: this.#accounts.side(payee) };
    const objection = objectToBooking(booking, sides);
    if (objection !== undefined || refunds === undefined) return objection;
    const payment = this.#book.entry(refunds);
    return judgeRefund(booking, { payment, refunded: this.#book.sumRefunds(refunds) });
  }

  async #decide<T>(action: () => T): Promise<T> {
    const decided = await this.#answer(() => {
      const outcome = action();
      this.#commit ??= Promise.resolve().then(() => {
        this.#commit = undefined;
        this.#feed.committed();
      });
      return { outcome, told: this.#commit };
    });
    await decided.told;
    return decided.outcome;
  }

  // deno-lint-ignore require-await -- async so that what `action` throws becomes a rejection
  async #answer<T>(action: () => T): Promise<T> {
    if (this.#closed) throw new LedgerError("cannot use the ledger: it was closed");
    return action();
  }
}
