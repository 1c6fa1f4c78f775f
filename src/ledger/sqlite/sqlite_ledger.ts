/**
 * The ledger in an SQLite file. One connection does everything. Writes go through the commit queue; reads run at once on the
 * same connection, between two transactions, so they never see what is not committed.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AccountName } from "../../account_name.ts";
import { LedgerBusyError, LedgerError, LedgerFullError } from "../../errors.ts";
import { type Booking, type Entry, type EntryParty, issuingAccount } from "../entry.ts";
import type {
  Account,
  BookOutcome,
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
      if (known !== undefined) {
        return known.certificate.keyFingerprint === certificate.keyFingerprint
          ? { outcome: "repeated", account: known }
          : { outcome: "name_taken" };
      }
      const entry = opening && this.#openingEntry(opening);
      if (opening !== undefined && entry === undefined) return { outcome: "issue_exhausted" };
      const { fingerprint, keyFingerprint, der, issuedAtMs } = certificate;
      this.#sql.addClient.run(name);
      this.#sql.addCertificate.run(fingerprint, name, keyFingerprint, der, timeText(issuedAtMs));
      if (entry !== undefined) this.#append(entry);
      return { outcome: "registered", account: this.#account(name)! };
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
      const before = query.before ?? Number.MAX_SAFE_INTEGER;
      const half = [name, before, query.limit];
      return this.#sql.history.all(...half, ...half, query.limit).map(entryFromRow);
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
      certificate: certificateFromRow(row),
    }));
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
