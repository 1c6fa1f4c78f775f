/**
 * The ledger in a PostgreSQL database, which several servers can share. Writes go through the batch
 * queue, and reads through sessions of their own, so they see committed rows only.
 */
import type { AccountName } from "../../account_name.ts";
import { isLedgerUnavailable, LedgerBusyError, LedgerError } from "../../errors.ts";
import { databaseAnswerMsMax } from "../../limits.ts";
import { type AccountChange, type RecordedChange, statementDigest } from "../account_change.ts";
import { currentCertificate } from "../account_rules.ts";
import { Book } from "../book.ts";
import { type Booking, type Entry, isSignedByPayer, issuingAccount } from "../entry.ts";
import type { Invitation, NewInvitation } from "../invitation.ts";
import type {
  Account,
  BookOutcome,
  ChangeOutcome,
  DecisionListener,
  FollowOptions,
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
import { rootOf } from "../merkle_tree.ts";
import {
  requireBookable,
  requireChange,
  requireInvitation,
  requirePage,
  requireRegistrable,
  requireVoidable,
} from "../preconditions.ts";
import { Registrar } from "../registrar.ts";
import {
  certificateFromRow,
  changeFromRow,
  foundPresenceFromRow,
  integerIn,
  invitationFromRow,
  presenceFromRow,
  textIn,
} from "../rows.ts";
import { storedProof } from "../stored_tree.ts";
import type { BatchKeys } from "./batch_keys.ts";
import { type BatchOperation, BatchQueue } from "./batch_queue.ts";
import { type DatabaseEvent, DatabaseHealth } from "./database_health.ts";
import { openSession } from "./identify_database.ts";
import { PostgresRelayStore } from "./postgres_relay_store.ts";
import { ReaderPool, type Reading } from "./reader_pool.ts";
import {
  arrayText,
  type DatabaseAccess,
  type Parameter,
  readOnlyError,
  type Row,
  type Session,
  type SessionOptions,
} from "./session.ts";
import { type Place, SharedDecisions } from "./shared_decisions.ts";
import { sql } from "./statements.ts";
import { entriesFrom, subtreesOf } from "./tree_nodes.ts";
import type { WorkingSet } from "./working_set.ts";

export interface PostgresLedgerParts {
  readonly access: DatabaseAccess;
  readonly ledgerId: string;
  /** The id of this process, unlike that of any other. */
  readonly processId: string;
  readonly sessionOptions: SessionOptions;
  /** The place of the last commit. */
  readonly start: Place;
  /** Is told once when the database is lost, and once when it is back. */
  readonly report: (event: DatabaseEvent) => void;
}

/** The {@link Ledger} in a PostgreSQL database. */
export class PostgresLedger implements Ledger {
  readonly #parts: PostgresLedgerParts;
  readonly #health: DatabaseHealth;
  readonly #queue: BatchQueue;
  readonly #readers: ReaderPool;
  readonly #decisions: SharedDecisions;
  readonly #relayStore = new PostgresRelayStore((reading) => this.#read(reading));
  /** Members to take offline as soon as the database can be written. */
  readonly #leaving = new Map<AccountName, string | undefined>();
  /** Those of them that the last try of a batch took offline. */
  #left: readonly AccountName[] = [];
  /** The servers of this process. Their members go offline when the ledger is closed. */
  readonly #servers = new Set<string>();
  /** The newest timeline of a primary that this process has used. */
  #timeline = 0;
  #closing: Promise<void> | undefined;

  /** Takes over a database with the ledger's schema. Callers use `openPostgresLedger`. */
  constructor(parts: PostgresLedgerParts) {
    this.#parts = parts;
    const { access, ledgerId, processId: writer, sessionOptions } = parts;
    const { clock, url } = access;
    const health = this.#health = new DatabaseHealth({ clock, report: parts.report });
    const open = () => this.#openNewest();
    const isCurrent = ({ timeline }: Session) => timeline === this.#timeline;
    this.#readers = new ReaderPool({
      ...{ clock, health, open, isCurrent },
      attempt: `cannot read the ledger ${url.text}`,
    });
    this.#decisions = new SharedDecisions({
      ...{ clock, health, writer, isCurrent, start: parts.start },
      open: (onNotification) => {
        // So that an operator tells this connection from the others.
        const name = { application_name: `${url.applicationName} decisions` };
        const settings = { ...sessionOptions.settings, ...name };
        return this.#openNewest({ settings, onNotification });
      },
      onFailure: (failure) => this.#queue.fail(failure),
    });
    this.#queue = new BatchQueue({
      ...{ clock, health, open, ledgerId, writer },
      attempt: `cannot write the ledger ${url.text}`,
      prelude: () => {
        const leaving = [...this.#leaving];
        return {
          keys: { sides: leaving.map(([name]) => name) },
          operation: ({ accounts }) => {
            leaving.forEach(([name, server]) => takeOffline(accounts, name, server));
            this.#left = leaving.map(([name]) => name);
          },
        };
      },
      begin: (before) => this.#decisions.begin(before),
      committed: (after) => {
        for (const name of this.#left) this.#leaving.delete(name);
        this.#decisions.committed(after);
      },
      ended: () => this.#decisions.ended(),
    });
  }

  register(registration: Registration): Promise<RegisterOutcome> {
    const { name, opening, invitation } = registration;
    const keys: BatchKeys = {
      accounts: [name],
      ...(opening && keysOf(opening)),
      ...(invitation && { invitations: [invitation.tokenDigest] }),
    };
    return this.#write(keys, (set) => {
      requireRegistrable(registration);
      return registrarOver(set).register(registration);
    });
  }

  account(name: AccountName): Promise<Account | undefined> {
    return this.#read(async (session) => {
      const rows = await session.query(sql.account, [name]);
      return rows.length === 0 || String(name) === issuingAccount
        ? undefined
        : accountFromRows(name, rows);
    });
  }

  currentCertificate(name: AccountName): Promise<string | undefined> {
    return this.#read(async (session) => {
      const rows = await session.query(sql.account, [name]);
      return rows.length === 0 ? undefined : accountFromRows(name, rows).certificate?.fingerprint;
    });
  }

  certificate(fingerprint: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#readRow(
      sql.certificateBy,
      [fingerprint],
      (row) => row && certificateFromRow(row).der,
    );
  }

  async bringOnline(presence: Presence): Promise<OnlineOutcome> {
    const { name, server } = presence;
    this.#servers.add(server);
    try {
      const outcome = await this.#write<OnlineOutcome>({ sides: [name] }, ({ accounts }) => {
        if (accounts.certificateOf(name) === undefined) return { outcome: "account_unknown" };
        if (accounts.serverOf(name) !== undefined) return { outcome: "already_online" };
        accounts.bringOnline(presence);
        return { outcome: "online" };
      });
      // What was to be taken offline is an earlier session.
      if (outcome.outcome === "online") this.#leaving.delete(name);
      return outcome;
    } catch (error) {
      // It may be online all the same, and its member is told that it is not.
      if (error instanceof LedgerBusyError && error.isUndecided) this.#leaving.set(name, server);
      throw error;
    }
  }

  async takeOffline(name: AccountName, { server }: { server?: string } = {}): Promise<void> {
    try {
      await this.#write({ sides: [name] }, ({ accounts }) => takeOffline(accounts, name, server));
    } catch (error) {
      if (!isLedgerUnavailable(error)) throw error;
      this.#leaving.set(name, server);
    }
  }

  presence(name: AccountName): Promise<FoundPresence | undefined> {
    return this.#readRow(sql.presence, [name], (row) => row && foundPresenceFromRow(row));
  }

  askToLeave(name: AccountName): Promise<void> {
    return this.#write({ sides: [name] }, ({ accounts }) => {
      const isOnline = accounts.serverOf(name) !== undefined;
      if (isOnline && accounts.leaveOf(name) === 0) accounts.setLeave(name, 1);
    });
  }

  async takeLeaveRequests(server: string): Promise<AccountName[]> {
    const asked = await this.#readRows(
      () => ({ text: sql.leaveRequests, parameters: [server] }),
      (row) => textIn(row, "username") as AccountName,
    );
    // Most times there is none. Then nothing is written.
    if (asked.length === 0) return [];
    return await this.#write({ sides: asked }, ({ accounts }) => {
      const names = asked.filter((name) =>
        accounts.serverOf(name) === server && accounts.leaveOf(name) === 1
      );
      for (const name of names) accounts.setLeave(name, 2);
      return names;
    });
  }

  stayOnline(name: AccountName, { server }: { readonly server: string }): Promise<void> {
    return this.#write({ sides: [name] }, ({ accounts }) => {
      if (accounts.serverOf(name) === server) accounts.setLeave(name, 0);
    });
  }

  attend(server: string): Promise<boolean> {
    this.#servers.add(server);
    return this.#write({ servers: [server] }, (set) => set.attend(server));
  }

  online(query: { readonly limit: number; readonly after?: AccountName }): Promise<Presence[]> {
    return this.#readRows(() => {
      requirePage({ limit: query.limit });
      return { text: sql.online, parameters: [query.after ?? "", query.limit] };
    }, presenceFromRow);
  }

  onlineCount(): Promise<number> {
    return this.#readRow(sql.onlineCount, [], (row) => integerIn(row!, "count"));
  }

  relayStore(): PostgresRelayStore {
    return this.#relayStore;
  }

  book(booking: Booking): Promise<BookOutcome> {
    return this.#write(keysOf(booking), (set) => {
      requireBookable(booking);
      return this.#decisions.own.book(bookOver(set).book(booking), booking);
    });
  }

  voidOrder(voiding: Voiding): Promise<VoidOutcome> {
    const { id, digest, payer } = voiding;
    return this.#write({ entries: [id], digests: [digest], voiders: [payer] }, (set) => {
      requireVoidable(voiding);
      return this.#decisions.own.voidOrder(bookOver(set).voidOrder(voiding), voiding);
    });
  }

  follow(listener: DecisionListener, options?: FollowOptions): () => void {
    return this.#decisions.follow(listener, options);
  }

  entry(id: string): Promise<Entry | undefined> {
    return this.#read(async (session) =>
      (await entriesFrom(session, await session.query(sql.entries, [arrayText([id])])))[0]
    );
  }

  sumRefunds(id: string): Promise<number> {
    return this.#readRow(sql.refunded, [arrayText([id])], (row) => row ? integerIn(row, "sum") : 0);
  }

  history(name: AccountName, query: HistoryQuery): Promise<Entry[]> {
    return this.#read(async (session) => {
      requirePage(query);
      const { limit, after, before = Number.MAX_SAFE_INTEGER } = query;
      const text = after === undefined ? sql.historyBefore : sql.historyAfter;
      return await entriesFrom(session, await session.query(text, [name, after ?? before, limit]));
    });
  }

  proofs(query: ProofQuery): Promise<LedgerProofs> {
    return this.#read(async (session) => {
      const [row] = await session.query(sql.lastNumber);
      const stored = { subtreesOf: (numbers: readonly number[]) => subtreesOf(session, numbers) };
      return await storedProof(
        stored,
        integerIn(row!, "number"),
        (prover) => prover.answer(query),
      );
    });
  }

  lastNumber(): Promise<number> {
    return this.#readRow(sql.lastNumber, [], (row) => integerIn(row!, "number"));
  }

  async missingNumber(): Promise<number | undefined> {
    const session = await openSession(this.#parts.access, {
      answerMsMax: databaseAnswerMsMax,
      mayTakeLong: true,
    });
    try {
      const [row] = await session.query(sql.numbering);
      const last = integerIn(row!, "last");
      if (last === integerIn(row!, "count") && integerIn(row!, "first") === 1) return undefined;
      const missing = integerIn((await session.query(sql.missingNumber))[0]!, "number");
      if (missing <= last) return missing;
      throw new LedgerError(
        `cannot read the ledger ${this.#parts.access.url.text}: two rows have one number, or a ` +
          "number is below 1; audit it",
      );
    } finally {
      await session.close();
    }
  }

  totals(): Promise<Totals> {
    return this.#readRow(sql.totals, [], (row) => {
      const subtrees = textIn(row!, "subtrees").match(/.{64}/g) ?? [];
      return {
        accounts: integerIn(row!, "accounts"),
        entries: integerIn(row!, "entries"),
        balanceSum: integerIn(row!, "sum"),
        head: rootOf({ size: integerIn(row!, "number"), subtrees }),
      };
    });
  }

  invite(invitation: NewInvitation): Promise<Invitation> {
    return this.#write({ invitations: [invitation.tokenDigest] }, ({ invitations }) => {
      requireInvitation(invitation);
      return invitations.add(invitation);
    });
  }

  invitation(tokenDigest: string): Promise<Invitation | undefined> {
    return this.#readRow(sql.invitation, [tokenDigest], (row) => row && invitationFromRow(row));
  }

  invitations(query: { readonly after: number; readonly limit: number }): Promise<Invitation[]> {
    return this.#readRows(() => {
      requirePage(query);
      return { text: sql.invitationsAfter, parameters: [query.after, query.limit] };
    }, invitationFromRow);
  }

  revokeInvitation(number: number, { atMs }: { readonly atMs: number }): Promise<boolean> {
    return this.#write(
      { invitationNumbers: [number] },
      ({ invitations }) => invitations.revoke(number, atMs),
    );
  }

  changeAccount(change: AccountChange): Promise<ChangeOutcome> {
    return this.#write({ accounts: [change.name] }, (set) => {
      requireChange(change);
      return registrarOver(set).change(change);
    });
  }

  changes(query: { readonly after: number; readonly limit: number }): Promise<RecordedChange[]> {
    return this.#readRows(() => {
      requirePage(query);
      return { text: sql.changesAfter, parameters: [query.after, query.limit] };
    }, changeFromRow);
  }

  lastStatement(): Promise<string> {
    return this.#readRow(
      sql.lastStatement,
      [],
      (row) => row ? statementDigest(textIn(row, "statement_jws")) : this.#parts.ledgerId,
    );
  }

  revision(): Promise<number> {
    return this.#readRow(sql.revision, [], (row) => integerIn(row!, "revision"));
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#decisions.close();
      await this.#queue.close(this.#servers);
      await this.#readers.close();
      this.#health.close();
    })();
    return this.#closing;
  }

  /**
   * Opens a session at the newest primary. An old one that is back while the new one cannot be
   * reached lacks entries, so it is not used.
   */
  async #openNewest(options: Partial<SessionOptions> = {}): Promise<Session> {
    const { access, sessionOptions } = this.#parts;
    const session = await openSession(access, { ...sessionOptions, ...options });
    if (session.timeline < this.#timeline) {
      session.destroy();
      throw readOnlyError("the only host that takes writes is an old primary");
    }
    this.#timeline = session.timeline;
    return session;
  }

  #write<T>(keys: BatchKeys, operation: BatchOperation<T>): Promise<T> {
    return this.#closing === undefined
      ? this.#queue.add(keys, operation)
      : Promise.reject(this.#closedError());
  }

  async #read<T>(reading: Reading<T>): Promise<T> {
    if (this.#closing !== undefined) throw this.#closedError();
    if (this.#queue.failure !== undefined) throw this.#queue.failure;
    try {
      return await this.#readers.read(reading);
    } catch (error) {
      if (error instanceof LedgerError) this.#queue.fail(error);
      throw error;
    }
  }

  /** Reads the only row of a statement, if there is one. */
  #readRow<T>(
    text: string,
    parameters: readonly Parameter[],
    decode: (row: Row | undefined) => T,
  ): Promise<T> {
    return this.#read(async (session) => decode((await session.query(text, parameters))[0]));
  }

  #readRows<T>(
    statement: () => { readonly text: string; readonly parameters: readonly Parameter[] },
    decode: (row: Row) => T,
  ): Promise<T[]> {
    return this.#read(async (session) => {
      const { text, parameters } = statement();
      return (await session.query(text, parameters)).map(decode);
    });
  }

  #closedError(): LedgerError {
    return new LedgerError(
      `cannot use the ledger ${this.#parts.access.url.text}: it was closed`,
    );
  }
}

/** Takes an account offline, where `server` is given only at that server. */
function takeOffline(
  accounts: WorkingSet["accounts"],
  name: AccountName,
  server: string | undefined,
): void {
  if (server === undefined || accounts.serverOf(name) === server) accounts.takeOffline(name);
}

function bookOver(set: WorkingSet): Book {
  return new Book(set.book, set.accounts);
}

function registrarOver(set: WorkingSet): Registrar {
  return new Registrar(bookOver(set), set);
}

/** Returns the keys of the rows that a booking reads. */
function keysOf(booking: Booking): BatchKeys {
  const { id, orderDigest, payer, payee, refunds, kind, certificate } = booking;
  return {
    entries: refunds === undefined ? [id] : [id, refunds],
    ...(refunds !== undefined && { refunded: [refunds] }),
    digests: [orderDigest],
    sides: [payer, payee],
    ...(!isSignedByPayer(kind) && { certificates: [certificate.fingerprint] }),
  };
}

/** Returns the account of rows that have one certificate each, or none. */
function accountFromRows(name: AccountName, rows: readonly Row[]): Account {
  const [first] = rows as [Row];
  const lastChange = first.change_number === null ? undefined : changeFromRow(
    Object.fromEntries(
      Object.entries(first).filter(([column]) => column.startsWith("change_"))
        .map(([column, value]) => [column.slice("change_".length), value]),
    ),
  );
  const records = rows.filter(({ fingerprint }) => fingerprint !== null).map(certificateFromRow);
  const certificates = records.map(({ fingerprint }) => fingerprint);
  const current = currentCertificate({ certificates, lastChange });
  const certificate = records.find(({ fingerprint }) => fingerprint === current);
  return {
    name,
    balance: integerIn(first, "balance"),
    ...(certificate && { certificate }),
    isClosed: lastChange?.kind === "closure",
    ...(lastChange && { lastChange }),
  };
}
