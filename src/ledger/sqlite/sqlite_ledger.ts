/**
 * The ledger in an SQLite file, over one connection. Writes go through the commit queue. Reads run
 * at once between two transactions, so they see committed rows only.
 */
import type { Invitation, NewInvitation } from "../invitation.ts";
import type { DatabaseSync } from "node:sqlite";
import type { AccountName } from "../../account_name.ts";
import { isLedgerUnavailable, LedgerError } from "../../errors.ts";
import type { AccountChange, RecordedChange } from "../account_change.ts";
import { Book } from "../book.ts";
import { DecisionFeed } from "../decision_feed.ts";
import type { Booking, Entry } from "../entry.ts";
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
} from "../ledger.ts";
import {
  requireBookable,
  requireChange,
  requireInvitation,
  requirePage,
  requireRegistrable,
  requireVoidable,
} from "../preconditions.ts";
import { Registrar } from "../registrar.ts";
import { CommitQueue, type Operation } from "../../sqlite/commit_queue.ts";
import { watchLedgerFile } from "./ledger_file.ts";
import { foundPresenceFromRow, integerIn, presenceFromRow, textIn } from "../rows.ts";
import type { FileLock } from "../../sqlite/file_lock.ts";
import { ledgerError } from "./ledger_error.ts";
import { SqliteAccounts } from "./sqlite_accounts.ts";
import { SqliteBook } from "./sqlite_book.ts";
import { SqliteInvitations } from "./sqlite_invitations.ts";
import { prepareStatements, type Statements } from "./statements.ts";

/** The {@link Ledger} in an SQLite file. */
export class SqliteLedger implements Ledger {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #lock: FileLock | undefined;
  readonly #sql: Statements;
  readonly #accounts: SqliteAccounts;
  readonly #rows: SqliteBook;
  readonly #book: Book;
  readonly #invitations: SqliteInvitations;
  readonly #registrar: Registrar;
  readonly #queue: CommitQueue;
  /** One server writes the file, so all decisions are its own. */
  readonly #feed = new DecisionFeed();
  /** Members to take offline as soon as the storage can be written. */
  readonly #leaving = new Map<AccountName, string | undefined>();
  #closed = false;

  /** Takes over an open connection and the lock. Callers use `openSqliteLedger`. */
  constructor(
    database: DatabaseSync,
    options: { file: string; ledgerId: string; lock: FileLock | undefined },
  ) {
    this.#database = database;
    this.#file = options.file;
    this.#lock = options.lock;
    const requireFile = watchLedgerFile(options.file);
    this.#sql = prepareStatements(database);
    this.#accounts = new SqliteAccounts(this.#sql);
    this.#rows = new SqliteBook(this.#sql, options);
    this.#invitations = new SqliteInvitations(this.#sql);
    this.#book = new Book(this.#rows, this.#accounts);
    this.#registrar = new Registrar(this.#book, {
      accounts: this.#accounts,
      invitations: this.#invitations,
    });
    this.#queue = new CommitQueue(database, {
      errorOf: (error) =>
        error instanceof LedgerError
          ? error
          : ledgerError(`cannot write the ledger ${this.#file}`, error),
      isFatal: (error) => error instanceof LedgerError,
      begin: () => {
        requireFile();
        this.#feed.begin();
        for (const [name, server] of this.#leaving) this.#takeOffline(name, server);
      },
      committed: () => {
        this.#leaving.clear();
        this.#feed.committed();
      },
    });
  }

  register(registration: Registration): Promise<RegisterOutcome> {
    return this.#write(() => {
      requireRegistrable(registration);
      return this.#registrar.register(registration);
    });
  }

  account(name: AccountName): Promise<Account | undefined> {
    return this.#read(() => this.#accounts.find(name));
  }

  currentCertificate(name: AccountName): Promise<string | undefined> {
    return this.#read(() => this.#accounts.certificateOf(name));
  }

  certificate(fingerprint: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#read(() => this.#accounts.certificateBy(fingerprint));
  }

  bringOnline(presence: Presence): Promise<OnlineOutcome> {
    return this.#write(() => this.#accounts.bringOnline(presence));
  }

  async takeOffline(name: AccountName, { server }: { server?: string } = {}): Promise<void> {
    try {
      await this.#write(() => this.#takeOffline(name, server));
    } catch (error) {
      if (!isLedgerUnavailable(error)) throw error;
      this.#leaving.set(name, server);
    }
  }

  presence(name: AccountName): Promise<FoundPresence | undefined> {
    return this.#read(() => {
      const row = this.#sql.presence.get(name);
      return row && foundPresenceFromRow(row);
    });
  }

  askToLeave(name: AccountName): Promise<void> {
    return this.#write(() => void this.#sql.askToLeave.run(name));
  }

  async takeLeaveRequests(server: string): Promise<AccountName[]> {
    const read = () =>
      this.#sql.leaveRequests.all(server).map((row) => textIn(row, "username") as AccountName);
    // Most times there is none. Then nothing is written.
    if ((await this.#read(read)).length === 0) return [];
    return await this.#write(() => {
      const names = read();
      this.#sql.considerLeaveRequests.run(server);
      return names;
    });
  }

  stayOnline(name: AccountName, { server }: { readonly server: string }): Promise<void> {
    return this.#write(() => void this.#sql.stayOnline.run(name, server));
  }

  /** The lock of the file keeps other servers out, so none can be silent. */
  attend(_server: string): Promise<boolean> {
    return Promise.resolve(true);
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

  /** The lock of the file keeps other servers out, so none has to be told anything. */
  relayStore(): undefined {}

  book(booking: Booking): Promise<BookOutcome> {
    return this.#write(() => {
      requireBookable(booking);
      return this.#feed.book(this.#book.book(booking), booking);
    });
  }

  voidOrder(voiding: Voiding): Promise<VoidOutcome> {
    return this.#write(() => {
      requireVoidable(voiding);
      return this.#feed.voidOrder(this.#book.voidOrder(voiding), voiding);
    });
  }

  follow(listener: DecisionListener): () => void {
    return this.#feed.follow(listener);
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#read(() => this.#rows.entry(id));
  }

  sumRefunds(id: string): Promise<number> {
    return this.#read(() => this.#rows.sumRefunds(id));
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#read(() => {
      requirePage(query);
      return this.#rows.history(name, query);
    });
  }

  proofs(query: ProofQuery): Promise<LedgerProofs> {
    return this.#read(() => this.#rows.proofs(query));
  }

  lastNumber(): Promise<number> {
    return this.#read(() => this.#rows.lastNumber());
  }

  missingNumber(): Promise<number | undefined> {
    return this.#read(() => this.#rows.missingNumber());
  }

  totals(): Promise<Totals> {
    return this.#read(() => {
      const row = this.#sql.clientTotals.get()!;
      const head = this.#rows.headAfter(this.#rows.lastNumber());
      return {
        accounts: integerIn(row, "accounts"),
        entries: integerIn(this.#sql.entryCount.get()!, "count"),
        balanceSum: integerIn(row, "sum"),
        head,
      };
    });
  }

  invite(invitation: NewInvitation): Promise<Invitation> {
    return this.#write(() => {
      requireInvitation(invitation);
      return this.#invitations.add(invitation);
    });
  }

  invitation(tokenDigest: string): Promise<Invitation | undefined> {
    return this.#read(() => this.#invitations.find(tokenDigest));
  }

  invitations(query: { readonly after: number; readonly limit: number }): Promise<Invitation[]> {
    return this.#read(() => {
      requirePage(query);
      return this.#invitations.page(query);
    });
  }

  revokeInvitation(number: number, { atMs }: { readonly atMs: number }): Promise<boolean> {
    return this.#write(() => this.#invitations.revoke(number, atMs));
  }

  changeAccount(change: AccountChange): Promise<ChangeOutcome> {
    return this.#write(() => {
      requireChange(change);
      return this.#registrar.change(change);
    });
  }

  changes(query: { readonly after: number; readonly limit: number }): Promise<RecordedChange[]> {
    return this.#read(() => {
      requirePage(query);
      return this.#rows.changes(query);
    });
  }

  lastStatement(): Promise<string> {
    return this.#read(() => this.#rows.lastStatement());
  }

  revision(): Promise<number> {
    return this.#read(() => integerIn(this.#sql.revision.get()!, "data_version"));
  }

  /**
   * Marks everybody offline. A server starts without connections, but a killed one leaves members
   * online.
   */
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

  #takeOffline(name: AccountName, server: string | undefined): void {
    this.#sql.takeOffline.run(name, server ?? null);
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
