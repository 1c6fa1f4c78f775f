/**
 * The ledger in an SQLite file. One connection does everything. Writes go through the commit queue; reads run at once on the
 * same connection, between two transactions, so they never see what is not committed.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AccountName } from "../../account_name.ts";
import { LedgerBusyError, LedgerError, LedgerFullError } from "../../errors.ts";
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
import { CommitQueue, type Operation } from "./commit_queue.ts";
import { watchLedgerFile } from "./ledger_file.ts";
import {
  certificateFromRow,
  entryFromRow,
  integerIn,
  presenceFromRow,
  rowFromEntry,
  textIn,
  timeText,
} from "./rows.ts";
import type { ServingLock } from "./serving_lock.ts";
import { ledgerError } from "./sqlite_error.ts";
import { prepareStatements, type Statements } from "./statements.ts";

export class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;
  readonly #ledgerId: string;
  readonly #file: string;
  readonly #lock: ServingLock | undefined;
  readonly #sql: Statements;
  readonly #queue: CommitQueue;
  /** Members who left while nothing could be written. */
  readonly #leaving = new Set<AccountName>();
  #closed = false;

  /** Takes over an open connection and the lock. Callers use `openSqliteLedger`. */
  constructor(
    database: DatabaseSync,
    options: { file: string; ledgerId: string; lock: ServingLock | undefined },
  ) {
    this.#database = database;
    this.#file = options.file;
    this.#ledgerId = options.ledgerId;
    this.#lock = options.lock;
    const requireFile = watchLedgerFile(options.file);
    this.#sql = prepareStatements(database);
    this.#queue = new CommitQueue(database, {
      file: options.file,
      begin: () => {
        requireFile();
        for (const name of this.#leaving) this.#sql.takeOffline.run(name);
      },
      committed: () => this.#leaving.clear(),
    });
  }

  register(registration: Registration): Promise<RegisterOutcome> {
    return this.#write(() => {
      requireRegistrable(registration);
      const { name, certificate, opening } = registration;
      const known = this.#account(name);
      if (known !== undefined) return this.#registerAgain(known, registration);
      const entry = opening && this.#openingEntry(opening);
      if (opening !== undefined && entry === undefined) return { outcome: "issue_exhausted" };
      this.#sql.addClient.run(name);
      this.#addCertificate(name, certificate);
      if (entry !== undefined) this.#append(entry);
      return { outcome: "registered", account: this.#registered(name) };
    });
  }

  account(name: AccountName): Promise<Account | undefined> {
    return this.#read(() => this.#account(name));
  }

  bringOnline({ name, host, publicPort, privatePort }: Presence): Promise<OnlineOutcome> {
    return this.#write(() => {
      const row = this.#sql.balance.get(name);
      if (row === undefined) return { outcome: "account_unknown" };
      if (row.online_status === 1) return { outcome: "already_online" };
      this.#sql.bringOnline.run(host, publicPort, privatePort, name);
      return { outcome: "online" };
    });
  }

  async takeOffline(name: AccountName): Promise<void> {
    try {
      await this.#write(() => void this.#sql.takeOffline.run(name));
    } catch (error) {
      if (!(error instanceof LedgerFullError || error instanceof LedgerBusyError)) throw error;
      this.#leaving.add(name);
    }
  }

  presence(name: AccountName): Promise<Presence | undefined> {
    return this.#read(() => optional(this.#sql.presence.get(name), presenceFromRow));
  }

  online(query: { readonly limit: number; readonly after?: AccountName }): Promise<Presence[]> {
    return this.#read(() => {
      requirePage({ limit: query.limit });
      return this.#sql.online.all(query.after ?? "", query.limit).map(presenceFromRow);
    });
  }

  onlineCount(): Promise<number> {
    return this.#read(() => integerIn(this.#sql.onlineCount.get()!, "count"));
  }

  book(booking: Booking): Promise<BookOutcome> {
    return this.#write(() => {
      requireBookable(booking);
      const booked = this.#entry(booking.id);
      if (booked !== undefined) {
        return isSameOrder(booked, booking)
          ? { outcome: "repeated", entry: booked }
          : { outcome: "id_conflict" };
      }
      const payerBalance = this.#balance(booking.payer);
      if (payerBalance === undefined) return { outcome: "payer_unknown" };
      const payeeBalance = this.#balance(booking.payee);
      if (payeeBalance === undefined) return { outcome: "payee_unknown" };
      const objection = this.#objection(booking);
      if (objection !== undefined) return { outcome: objection };
      const entry = post(booking, { ...this.#last(), payerBalance, payeeBalance });
      if (entry === undefined) return { outcome: "bankrupt" };
      this.#append(entry);
      return { outcome: "booked", entry };
    });
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#read(() => this.#entry(id));
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#read(() => {
      requirePage(query);
      const { limit, after, before = Number.MAX_SAFE_INTEGER } = query;
      const half = [name, after ?? before, limit];
      const statement = after === undefined ? this.#sql.historyBefore : this.#sql.historyAfter;
      return statement.all(...half, ...half, limit).map(entryFromRow);
    });
  }

  chain(query: { readonly after: number; readonly limit: number }): Promise<ChainPart> {
    return this.#read(() => {
      requirePage(query);
      const { after, limit } = query;
      const before = after === 0 ? undefined : this.#sql.headAt.get(after);
      const head = before === undefined ? this.#ledgerId : textIn(before, "hash");
      if (after !== 0 && before === undefined) return { head: this.#last().head, digests: [] };
      const entries = this.#sql.entriesAfter.all(after, limit).map(entryFromRow);
      return { head, digests: entries.map(entryDigest) };
    });
  }

  totals(): Promise<Totals> {
    return this.#read(() => {
      const row = this.#sql.clientTotals.get()!;
      const { lastNumber, head } = this.#last();
      return {
        accounts: integerIn(row, "accounts"),
        entries: lastNumber,
        balanceSum: integerIn(row, "sum"),
        head,
      };
    });
  }

  revoke(
    name: AccountName,
    { codeDigest, atMs }: { readonly codeDigest: string; readonly atMs: number },
  ): Promise<RevokeOutcome> {
    return this.#write(() => {
      const account = this.#account(name);
      if (account === undefined) return { outcome: "account_unknown" };
      if (account.isClosed) return { outcome: "account_closed" };
      this.#sql.revoke.run(timeText(atMs), name);
      this.#sql.expectReissue.run(name, codeDigest, timeText(atMs));
      this.#sql.takeOffline.run(name);
      return { outcome: "revoked" };
    });
  }

  closeAccount(
    name: AccountName,
    { atMs }: { readonly atMs: number },
  ): Promise<CloseOutcome> {
    return this.#write(() => {
      const account = this.#account(name);
      if (account === undefined) return { outcome: "account_unknown" };
      if (account.isClosed) return { outcome: "account_closed" };
      this.#sql.close.run(name, timeText(atMs));
      this.#sql.takeOffline.run(name);
      return { outcome: "closed" };
    });
  }

  revision(): Promise<number> {
    return this.#read(() => integerIn(this.#sql.revision.get()!, "data_version"));
  }

  /** Marks everybody offline: at the start nobody is connected, whatever a server that was killed left behind. */
  takeAllOffline(): Promise<void> {
    return this.#write(() => void this.#sql.takeAllOffline.run());
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#queue.drain();
    this.#closed = true;
    try {
      this.#database.close();
    } finally {
      this.#lock?.release();
    }
    return Promise.resolve();
  }

  #write<T>(operation: Operation<T>): Promise<T> {
    return this.#closed ? Promise.reject(this.#closedError()) : this.#queue.add(operation);
  }

  // deno-lint-ignore require-await -- async so that what is thrown becomes a rejection
  async #read<T>(operation: Operation<T>): Promise<T> {
    if (this.#closed) throw this.#closedError();
    if (this.#queue.failure !== undefined) throw this.#queue.failure;
    try {
      return operation();
    } catch (error) {
      if (error instanceof TypeError) throw error;
      const failure = error instanceof LedgerError
        ? error
        : ledgerError(`cannot read the ledger ${this.#file}`, error);
      if (failure instanceof LedgerError) this.#queue.fail(failure);
      throw failure;
    }
  }

  #account(name: AccountName): Account | undefined {
    return optional(this.#sql.account.get(name), (row) => ({
      name,
      balance: integerIn(row, "balance"),
      ...(row.fingerprint !== null && { certificate: certificateFromRow(row) }),
      isClosed: row.closed_at !== null,
    }));
  }

  #registered(name: AccountName): RegisteredAccount {
    return this.#account(name) as RegisteredAccount;
  }

  /** A name that is there: the same key again, or a new key with the code for it. */
  #registerAgain(
    known: Account,
    { certificate, codeDigest }: Registration,
  ): RegisterOutcome {
    if (known.certificate !== undefined) {
      return known.certificate.keyFingerprint === certificate.keyFingerprint
        ? { outcome: "repeated", account: this.#registered(known.name) }
        : { outcome: "name_taken" };
    }
    const expected = this.#sql.expectedReissue.get(known.name)?.code_digest;
    if (known.isClosed || codeDigest === undefined || codeDigest !== expected) {
      return { outcome: "name_taken" };
    }
    this.#addCertificate(known.name, certificate);
    this.#sql.endReissue.run(known.name);
    return { outcome: "reissued", account: this.#registered(known.name) };
  }

  #addCertificate(name: AccountName, certificate: CertificateRecord): void {
    const { fingerprint, keyFingerprint, der, issuedAtMs } = certificate;
    this.#sql.addCertificate.run(fingerprint, name, keyFingerprint, der, timeText(issuedAtMs));
  }

  #objection(booking: Booking): "account_closed" | ReturnType<typeof judgeRefund> {
    const { kind, payer, payee, refunds } = booking;
    const isClosed = (party: EntryParty) => this.#sql.closure.get(party) !== undefined;
    if (isClosed(payee) || (kind !== "withdrawal" && isClosed(payer))) return "account_closed";
    if (refunds === undefined) return undefined;
    const refunded = integerIn(this.#sql.refunded.get(refunds)!, "sum");
    return judgeRefund(booking, { payment: this.#entry(refunds), refunded });
  }

  #balance(party: EntryParty): number | undefined {
    return optional(this.#sql.balance.get(party), (row) => integerIn(row, "balance"));
  }

  #entry(id: string): Entry | undefined {
    return optional(this.#sql.entry.get(id), entryFromRow);
  }

  #last(): { lastNumber: number; head: string } {
    const row = this.#sql.lastEntry.get();
    if (row === undefined) return { lastNumber: 0, head: this.#ledgerId };
    return { lastNumber: integerIn(row, "number"), head: textIn(row, "hash") };
  }

  #openingEntry(opening: Booking): Entry | undefined {
    if (this.#entry(opening.id) !== undefined) {
      throw new TypeError(
        `cannot register ${opening.payee}: the id of its opening entry was used before`,
      );
    }
    const payerBalance = this.#balance(issuingAccount);
    if (payerBalance === undefined) {
      throw new LedgerError(`cannot read the ledger ${this.#file}: it has no issuing account`);
    }
    return post(opening, { ...this.#last(), payerBalance, payeeBalance: 0 });
  }

  #append(entry: Entry): void {
    this.#sql.addEntry.run(...rowFromEntry(entry));
    this.#sql.setBalance.run(entry.payerBalance, entry.payer);
    this.#sql.setBalance.run(entry.payeeBalance, entry.payee);
  }

  #closedError(): LedgerError {
    return new LedgerError(`cannot use the ledger ${this.#file}: it was closed`);
  }
}

function optional<Row, T>(row: Row | undefined, decode: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : decode(row);
}
