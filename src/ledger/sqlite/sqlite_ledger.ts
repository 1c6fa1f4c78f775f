/**
 * The ledger in an SQLite file. One connection does everything. Writes go through the commit queue; reads run at once on the
 * same connection, between two transactions, so they never see what is not committed.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AccountName } from "../../account_name.ts";
import { LedgerBusyError, LedgerError, LedgerFullError } from "../../errors.ts";
import type { Booking, Entry } from "../entry.ts";
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
import {
  requireBookable,
  requirePage,
  requireRegistrable,
  requireRevocable,
  requireVoidable,
} from "../preconditions.ts";
import { CommitQueue, type Operation } from "./commit_queue.ts";
import { watchLedgerFile } from "./ledger_file.ts";
import { integerIn, presenceFromRow } from "./rows.ts";
import type { LedgerLock } from "./ledger_lock.ts";
import { ledgerError } from "./sqlite_error.ts";
import { SqliteAccounts } from "./sqlite_accounts.ts";
import { SqliteBook } from "./sqlite_book.ts";
import { prepareStatements, type Statements } from "./statements.ts";

export class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #lock: LedgerLock | undefined;
  readonly #sql: Statements;
  readonly #accounts: SqliteAccounts;
  readonly #book: SqliteBook;
  readonly #queue: CommitQueue;
  /** Members who left while nothing could be written. */
  readonly #leaving = new Set<AccountName>();
  #closed = false;

  /** Takes over an open connection and the lock. Callers use `openSqliteLedger`. */
  constructor(
    database: DatabaseSync,
    options: { file: string; ledgerId: string; lock: LedgerLock | undefined },
  ) {
    this.#database = database;
    this.#file = options.file;
    this.#lock = options.lock;
    const requireFile = watchLedgerFile(options.file);
    this.#sql = prepareStatements(database);
    this.#accounts = new SqliteAccounts(this.#sql);
    this.#book = new SqliteBook(this.#sql, { ...options, accounts: this.#accounts });
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
      const { name, opening } = registration;
      const known = this.#accounts.find(name);
      if (known !== undefined) return this.#accounts.registerAgain(known, registration);
      const { accountsMax = Infinity } = registration;
      if (this.#accounts.count() >= accountsMax) return { outcome: "too_many_accounts" };
      const entry = opening && this.#book.openingEntry(opening);
      if (opening !== undefined && entry === undefined) return { outcome: "issue_exhausted" };
      this.#accounts.add(registration);
      if (entry !== undefined) this.#book.append(entry);
      return { outcome: "registered", account: this.#accounts.registered(name) };
    });
  }

  account(name: AccountName): Promise<Account | undefined> {
    return this.#read(() => this.#accounts.find(name));
  }

  bringOnline(presence: Presence): Promise<OnlineOutcome> {
    return this.#write(() => this.#accounts.bringOnline(presence));
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
    return this.#read(() => {
      const row = this.#sql.presence.get(name);
      return row && presenceFromRow(row);
    });
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

  book(booking: Booking, conditions: BookingConditions = {}): Promise<BookOutcome> {
    return this.#write(() => {
      requireBookable(booking, conditions);
      return this.#book.book(booking, conditions);
    });
  }

  voidOrder(voiding: Voiding): Promise<VoidOutcome> {
    return this.#write(() => {
      requireVoidable(voiding);
      return this.#book.voidOrder(voiding);
    });
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#read(() => this.#book.entry(id));
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#read(() => {
      requirePage(query);
      return this.#book.history(name, query);
    });
  }

  chain(query: { readonly after: number; readonly limit: number }): Promise<ChainPart> {
    return this.#read(() => {
      requirePage(query);
      return this.#book.chain(query);
    });
  }

  entryCount(): Promise<number> {
    return this.#read(() => this.#book.last().lastNumber);
  }

  totals(): Promise<Totals> {
    return this.#read(() => {
      const row = this.#sql.clientTotals.get()!;
      const { lastNumber, head } = this.#book.last();
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
    options: { readonly codeDigest: string; readonly atMs: number },
  ): Promise<RevokeOutcome> {
    return this.#write(() => {
      requireRevocable(name, options);
      return this.#accounts.revoke(name, options);
    });
  }

  closeAccount(
    name: AccountName,
    options: { readonly atMs: number },
  ): Promise<CloseOutcome> {
    return this.#write(() => {
      requireRevocable(name, options);
      return this.#accounts.close(name, options);
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

  #closedError(): LedgerError {
    return new LedgerError(`cannot use the ledger ${this.#file}: it was closed`);
  }
}
