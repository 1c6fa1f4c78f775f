/**
 * The rows that a batch may read, copied from the database while the log's head is locked. The
 * rules of `book.ts` and `registrar.ts` run over the copies, one operation after another, and what
 * they write is stored at the end with a few statements.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import { batchOperationsMax } from "../../limits.ts";
import { type ChangeKind, type RecordedChange, statementDigest } from "../account_change.ts";
import { type CertificateState, currentCertificate } from "../account_rules.ts";
import {
  type CertificateRecord,
  type Entry,
  type EntryContents,
  type EntrySide,
  issuingAccount,
} from "../entry.ts";
import type { Invitation, NewInvitation } from "../invitation.ts";
import type { Account, Presence, Voiding } from "../ledger.ts";
import type {
  AccountRows,
  BookRows,
  InvitationRows,
  OrderKey,
  OrderPlace,
  SideBefore,
} from "../ledger_rows.ts";
import { type CompactRange, subtreeCount } from "../merkle_tree.ts";
import type { Placed } from "../posting.ts";
import {
  certificateFromRow,
  changeFromRow,
  entryFromRow,
  integerIn,
  invitationFromRow,
  rowFromChange,
  rowFromEntry,
  textIn,
  timeIn,
  timeText,
} from "../rows.ts";
import type { DecodedEntry } from "../stored_rows.ts";
import { RowCopies, UndoLog } from "./row_copies.ts";
import { headsAfter } from "./tree_nodes.ts";
import { arrayText, type Parameter, type Row, type Session } from "./session.ts";
import { sql } from "./statements.ts";

/** What an operation may read, by the keys of the rows. */
export interface BatchKeys {
  /** Ids of entries. */
  readonly entries?: readonly string[];
  /** Ids of payments whose refunds are added up. */
  readonly refunded?: readonly string[];
  /** Digests of void orders. */
  readonly digests?: readonly string[];
  /** Names whose balance and current certificate are read, and their void floor. */
  readonly sides?: readonly EntrySide[];
  /** Names that are read with all certificates and the last change. */
  readonly accounts?: readonly AccountName[];
  /** Payers of orders to void. */
  readonly voiders?: readonly AccountName[];
  /** Fingerprints of certificates of the server. */
  readonly certificates?: readonly string[];
  /** Digests of tokens. */
  readonly invitations?: readonly string[];
  readonly invitationNumbers?: readonly number[];
  /** Ids of servers that say that they are alive. */
  readonly servers?: readonly string[];
}

interface Side extends CertificateState {
  readonly balance: number;
  /** The server where it is online, or `undefined`. */
  readonly server: string | undefined;
}

interface VoidCopy {
  readonly digest: string;
  readonly payer: string;
  readonly code: number;
  readonly expiresAtMs: number;
}

type NewRow =
  | { readonly entry: Placed<Entry>; readonly change?: never }
  | { readonly change: Placed<RecordedChange>; readonly entry?: never };

interface Counts {
  readonly accounts: number;
  readonly place: number;
  readonly invitation: number;
}

export class WorkingSet {
  readonly undo = new UndoLog();
  readonly accounts: AccountRows & PresenceRows = new AccountCopies(this);
  readonly book: BookRows = new BookCopies(this);
  readonly invitations: InvitationRows & NewInvitationRows = new InvitationCopies(this);

  /** Rows by key. Each knows which keys were asked for, and refuses others. */
  readonly entries = new RowCopies<DecodedEntry>("entry", this.undo);
  readonly heads = new Map<string, string>();
  readonly refunded = new RowCopies<number>("refunds", this.undo);
  readonly voided = new RowCopies<VoidCopy>("void order", this.undo);
  readonly floors = new RowCopies<number>("void floor", this.undo);
  readonly voidingCounts = new RowCopies<number>("void orders of", this.undo);
  readonly firstVoidings = new Map<string, readonly VoidCopy[]>();
  readonly sides = new RowCopies<Side>("account", this.undo);
  readonly certificates = new RowCopies<readonly CertificateRecord[]>("certificates", this.undo);
  readonly lastChanges = new RowCopies<RecordedChange>("last change", this.undo);
  readonly traces = new Set<string>();
  readonly servers = new Set<string>();
  readonly serverCertificates = new RowCopies<true>("server certificate", this.undo);
  readonly invitationsByDigest = new RowCopies<Invitation>("invitation", this.undo);

  /** What is written, in the order of the operations. */
  readonly newRows: NewRow[] = [];
  readonly newNames: string[] = [];
  readonly newCertificates: { readonly name: string; readonly record: CertificateRecord }[] = [];
  readonly newVoidings = new Map<string, Voiding & { readonly number: number }>();
  readonly forgotten = new Set<string>();
  readonly emptied = new Set<string>();
  readonly presences = new RowCopies<Presence | null>("presence", this.undo);
  /** `asked_to_leave` of accounts: 0 for none, 1 asked, 2 considered. */
  readonly leaves = new RowCopies<number>("request to leave", this.undo);
  readonly attending: string[] = [];
  readonly newInvitations: Invitation[] = [];

  tree: CompactRange;
  voidNumber: number;
  counts: Counts | undefined;
  lastStatement: string | undefined;
  /** The last batch of this process that was committed. */
  readonly batch: number;

  private constructor(head: Row, batch: number) {
    const size = integerIn(head, "number");
    const subtrees = textIn(head, "subtrees").match(/.{64}/g) ?? [];
    if (subtrees.length !== subtreeCount(size)) {
      throw new LedgerError("cannot read the ledger: its head is damaged; audit it");
    }
    this.tree = { size, subtrees };
    this.voidNumber = integerIn(head, "void_number");
    this.batch = batch;
  }

  /** Begins a transaction, locks the log's head, and copies the rows. */
  static async load(
    session: Session,
    { keys, writer, ledgerId }: {
      readonly keys: readonly BatchKeys[];
      /** The id of this process among those that write. */
      readonly writer: string;
      readonly ledgerId: string;
    },
  ): Promise<WorkingSet> {
    const asked = mergeKeys(keys);
    const all = (statement: string, ...parameters: Parameter[]) =>
      session.query(statement, parameters);
    const by = (statement: string, values: readonly (string | number)[]) =>
      values.length === 0 ? Promise.resolve([]) : all(statement, arrayText(values));
    const names = asked.accounts;
    // All of them are sent at once. The later ones run when the head is locked.
    const answers = await everything([
      all("BEGIN"),
      all(sql.head),
      all(sql.batch, writer),
      by(sql.entries, asked.entries),
      by(sql.refunded, asked.refunded),
      by(sql.voided, asked.digests),
      by(sql.floors, asked.sides),
      by(sql.sides, asked.sides),
      by(sql.certificates, names),
      by(sql.lastChanges, names),
      by(sql.traces, names),
      by(sql.voidingCounts, asked.voiders),
      asked.voiders.length === 0
        ? Promise.resolve([])
        : all(sql.firstVoidings, arrayText(asked.voiders), batchOperationsMax),
      by(sql.known, asked.certificates),
      asked.invitations.length + asked.invitationNumbers.length === 0
        ? Promise.resolve([])
        : all(sql.invitationsBy, arrayText(asked.invitations), arrayText(asked.invitationNumbers)),
      asked.needsCounts ? all(sql.counts) : Promise.resolve([]),
      by(sql.servers, asked.servers),
      names.length === 0 ? Promise.resolve([]) : all(sql.lastStatement),
    ]);
    const [, [head], [batch]] = answers as [Row[], Row[], Row[]];
    if (head === undefined) throw new LedgerError("cannot read the ledger: it has no head");
    const set = new WorkingSet(head, batch === undefined ? 0 : integerIn(batch, "batch"));
    set.#copy(asked, answers);
    const [statement] = answers.at(-1)!;
    set.lastStatement = statement === undefined
      ? ledgerId
      : statementDigest(textIn(statement, "statement_jws"));
    const found = [...set.entries.values()];
    const heads = await headsAfter(session, found.map(({ number }) => number));
    found.forEach(({ id }, at) => set.heads.set(id, heads[at]!));
    return set;
  }

  #copy(asked: MergedKeys, answers: readonly Row[][]): void {
    const [, , , entries, refunded, voided, floors, sides, certificates, lastChanges] = answers as [
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
      Row[],
    ];
    const [traces, voidingCounts, firstVoidings, known, invitations, counts, servers] = answers
      .slice(10) as [Row[], Row[], Row[], Row[], Row[], Row[], Row[]];
    for (const row of servers) this.servers.add(textIn(row, "id"));
    this.entries.load(asked.entries, entries.map((row) => [textIn(row, "id"), entryFromRow(row)]));
    this.refunded.load(
      asked.refunded,
      refunded.map((row) => [textIn(row, "refunds"), integerIn(row, "sum")]),
    );
    this.voided.load(
      asked.digests,
      voided.map((row) => [textIn(row, "order_digest"), voidIn(row)]),
    );
    this.floors.load(
      asked.sides,
      floors.map((row) => [textIn(row, "payer"), timeIn(row, "expires_at")]),
    );
    this.sides.load(asked.sides, sides.map((row) => [textIn(row, "username"), sideIn(row)]));
    this.presences.load(asked.sides, []);
    this.leaves.load(
      asked.sides,
      sides.map((row) => [textIn(row, "username"), integerIn(row, "asked_to_leave")]),
    );
    const records = Map.groupBy(certificates, (row) => textIn(row, "username"));
    this.certificates.load(
      asked.accounts,
      [...records].map(([name, rows]) => [name, rows.map(certificateFromRow)]),
    );
    this.lastChanges.load(
      asked.accounts,
      lastChanges.map((row) => [textIn(row, "username"), changeFromRow(row)]),
    );
    for (const row of traces) this.traces.add(textIn(row, "name"));
    this.voidingCounts.load(
      asked.voiders,
      voidingCounts.map((row) => [textIn(row, "payer"), integerIn(row, "count")]),
    );
    for (const [name, rows] of Map.groupBy(firstVoidings, (row) => textIn(row, "payer"))) {
      this.firstVoidings.set(name, rows.map(voidIn));
    }
    this.serverCertificates.load(
      asked.certificates,
      known.map((row) => [textIn(row, "fingerprint"), true]),
    );
    const decoded = invitations.map(invitationFromRow);
    this.invitationsByDigest.load(
      [...asked.invitations, ...decoded.map(({ tokenDigest }) => tokenDigest)],
      decoded.map((invitation) => [invitation.tokenDigest, invitation]),
    );
    const [count] = counts;
    this.counts = count && {
      accounts: integerIn(count, "accounts"),
      place: integerIn(count, "place"),
      invitation: integerIn(count, "invitation"),
    };
  }

  /** Adds to a list, until the operation is undone. */
  push<Item>(list: Item[], item: Item): void {
    list.push(item);
    this.undo.add(() => list.pop());
  }

  /** Whether there is something to write. */
  get isChanged(): boolean {
    return this.undo.length > 0;
  }

  /** Stores everything that was written, and sends all of it at once. */
  async store(
    session: Session,
    { writer, batch }: { readonly writer: string; readonly batch: number },
  ): Promise<void> {
    const sent: Promise<unknown>[] = [];
    const send = (statement: string, ...parameters: Parameter[]) =>
      sent.push(session.query(statement, parameters));
    const sendRows = (
      statement: string,
      rows: readonly (readonly (string | number | null)[])[],
    ) => {
      if (rows.length > 0) send(statement, ...columnsOf(rows));
    };
    sendRows(sql.addClients, this.newNames.map((name) => [name]));
    const place = this.counts?.place ?? 0;
    sendRows(
      sql.addCertificates,
      this.newCertificates.map(({ name, record }, at) => [
        place + 1 + at,
        record.fingerprint,
        name,
        record.keyFingerprint,
        hexOf(record.der),
        timeText(record.issuedAtMs),
      ]),
    );
    for (const run of runsOf(this.newRows)) {
      const statement = run[0]!.entry === undefined ? sql.addChanges : sql.addEntries;
      sendRows(statement, run.map(valuesOf));
    }
    sendRows(
      sql.setBalances,
      this.sides.changed().map(([name, side]) => [name, side!.balance]),
    );
    sendRows(
      sql.setPresences,
      this.presences.changed().map(([name, presence]) =>
        presence
          ? [name, presence.host, presence.publicPort, presence.privatePort, 1, presence.server]
          : [name, null, null, null, 0, null]
      ),
    );
    sendRows(sql.setLeaves, this.leaves.changed().map(([name, leave]) => [name, leave!]));
    if (this.attending.length > 0) {
      send(sql.attend, arrayText([...new Set(this.attending)]));
      send(sql.forgetAbsentServers);
      send(sql.takeAbsentOffline);
    }
    sendRows(sql.forgetVoidingsOf, [...this.emptied].map((name) => [name]));
    sendRows(sql.forgetVoidings, [...this.forgotten].map((digest) => [digest]));
    sendRows(
      sql.addVoidings,
      [...this.newVoidings.values()].map(({ digest, payer, code, expiresAtMs, atMs, number }) => [
        digest,
        payer,
        code,
        timeText(expiresAtMs),
        timeText(atMs),
        number,
      ]),
    );
    sendRows(sql.setFloors, this.floors.changed().map(([payer, ms]) => [payer, timeText(ms!)]));
    sendRows(
      sql.addInvitations,
      this.newInvitations.map((one) => [
        one.number,
        one.tokenDigest,
        one.name ?? null,
        one.balance ?? null,
        one.usesMax,
        timeText(one.expiresAtMs),
        timeText(one.createdAtMs),
      ]),
    );
    sendRows(
      sql.setInvitations,
      this.invitationsByDigest.changed().map(([, one]) => [
        one!.number,
        one!.uses,
        one!.revokedAtMs === undefined ? null : timeText(one!.revokedAtMs),
      ]),
    );
    send(sql.setHead, this.tree.size, this.tree.subtrees.join(""), this.voidNumber);
    send(sql.setBatch, writer, batch);
    await everything([...sent, session.commit()]);
  }

  /**
   * Says that a server is alive, and takes the members of silent servers offline.
   *
   * @returns whether the server was known before
   */
  attend(server: string): boolean {
    const isKnown = this.servers.has(server);
    this.push(this.attending, server);
    return isKnown;
  }

  /** Appends the row that completes these subtrees. */
  grow(completed: readonly string[]): void {
    const before = this.tree;
    const kept = before.subtrees.slice(0, before.subtrees.length - (completed.length - 1));
    this.tree = { size: before.size + 1, subtrees: [...kept, completed.at(-1)!] };
    this.undo.add(() => this.tree = before);
  }
}

/** Marks members online and offline. */
export interface PresenceRows {
  /** Returns the server where an account is online, or `undefined`. */
  serverOf(name: AccountName): string | undefined;
  bringOnline(presence: Presence): void;
  /** Returns 0 when no other server wants an account's place, 1 when one asked, 2 considered. */
  leaveOf(name: AccountName): number;
  setLeave(name: AccountName, leave: number): void;
}

/** Adds and changes invitations. */
export interface NewInvitationRows {
  add(invitation: NewInvitation): Invitation;
  /** Returns whether there is an invitation of this number. One stays revoked as it was first. */
  revoke(number: number, atMs: number): boolean;
}

class AccountCopies implements AccountRows, PresenceRows {
  readonly #set: WorkingSet;

  constructor(set: WorkingSet) {
    this.#set = set;
  }

  find(name: AccountName): Account | undefined {
    const side = this.#set.sides.get(name);
    // The issuing account is no member.
    if (side === undefined || String(name) === issuingAccount) return undefined;
    const current = currentCertificate(side);
    const certificate = this.#set.certificates.get(name)
      ?.find(({ fingerprint }) => fingerprint === current);
    const lastChange = this.#set.lastChanges.get(name);
    return {
      name,
      balance: side.balance,
      ...(certificate && { certificate }),
      isClosed: side.lastChange?.kind === "closure",
      ...(lastChange && { lastChange }),
    };
  }

  sides(payer: EntrySide, payee: EntrySide): Partial<Record<"payer" | "payee", SideBefore>> {
    const found = { payer: this.#side(payer), payee: this.#side(payee) };
    return found as Partial<Record<"payer" | "payee", SideBefore>>;
  }

  certificateOf(name: AccountName): string | undefined {
    return String(name) === issuingAccount ? undefined : this.#side(name)?.certificate;
  }

  hasLeftTraces(name: AccountName): boolean {
    return this.#set.traces.has(name);
  }

  hasKey(name: AccountName, keyFingerprint: string): boolean {
    const records = this.#set.certificates.get(name) ?? [];
    return records.some((record) => record.keyFingerprint === keyFingerprint);
  }

  count(): number {
    return this.#set.counts!.accounts + this.#set.newNames.length;
  }

  add(name: AccountName): void {
    this.#set.push(this.#set.newNames, name);
    const side = { balance: 0, server: undefined, certificates: [], lastChange: undefined };
    this.#set.sides.set(name, side);
  }

  addCertificate(name: AccountName, record: CertificateRecord): void {
    const { sides, certificates, newCertificates } = this.#set;
    const side = sides.get(name)!;
    sides.set(name, { ...side, certificates: [...side.certificates, record.fingerprint] });
    certificates.set(name, [...certificates.get(name) ?? [], record]);
    this.#set.push(newCertificates, { name, record });
  }

  recordServerCertificate(record: CertificateRecord): void {
    const { serverCertificates, newCertificates } = this.#set;
    if (serverCertificates.get(record.fingerprint)) return;
    serverCertificates.set(record.fingerprint, true);
    this.#set.push(newCertificates, { name: issuingAccount, record });
  }

  takeOffline(name: AccountName): void {
    if (this.serverOf(name) !== undefined) this.#setPresence(name, null);
  }

  serverOf(name: AccountName): string | undefined {
    return this.#set.sides.get(name)?.server;
  }

  leaveOf(name: AccountName): number {
    return this.#set.leaves.get(name) ?? 0;
  }

  setLeave(name: AccountName, leave: number): void {
    if (this.leaveOf(name) !== leave) this.#set.leaves.set(name, leave);
  }

  bringOnline(presence: Presence): void {
    this.#setPresence(presence.name, presence);
  }

  #setPresence(name: AccountName, presence: Presence | null): void {
    this.#set.sides.set(name, { ...this.#set.sides.get(name)!, server: presence?.server });
    this.#set.presences.set(name, presence);
    this.setLeave(name, 0);
  }

  #side(name: EntrySide): SideBefore | undefined {
    const side = this.#set.sides.get(name);
    return side && {
      balance: side.balance,
      isClosed: side.lastChange?.kind === "closure",
      certificate: currentCertificate(side),
    };
  }
}

class BookCopies implements BookRows {
  readonly #set: WorkingSet;

  constructor(set: WorkingSet) {
    this.#set = set;
  }

  place({ id, digest, payer }: OrderKey): OrderPlace {
    return {
      isBooked: this.#set.entries.get(id) !== undefined,
      voidedCode: this.#set.voided.get(digest)?.code,
      voidFloorMs: this.#set.floors.get(payer),
      tree: this.#set.tree,
    };
  }

  tree(): CompactRange {
    return this.#set.tree;
  }

  entry(id: string): Entry | undefined {
    const added = this.#set.newRows.find(({ entry }) => entry?.row.id === id)?.entry?.row;
    if (added !== undefined) return added;
    const copy = this.#set.entries.get(id);
    if (copy === undefined) return undefined;
    const { subtrees, ...entry } = copy;
    return { ...entry, leaf: subtrees.slice(0, 64), head: this.#set.heads.get(id)! };
  }

  contents(id: string): EntryContents | undefined {
    return this.#set.entries.get(id);
  }

  sumRefunds(id: string): number {
    return this.#set.refunded.get(id) ?? 0;
  }

  addEntry(placed: Placed<Entry>): void {
    const { row: entry, subtrees } = placed;
    const { sides, entries, refunded, newRows } = this.#set;
    this.#set.push(newRows, { entry: placed });
    this.#set.grow(subtrees);
    entries.set(entry.id, { ...entry, subtrees: subtrees.join("") });
    sides.set(entry.payer, { ...sides.get(entry.payer)!, balance: entry.payerBalance });
    sides.set(entry.payee, { ...sides.get(entry.payee)!, balance: entry.payeeBalance });
    if (entry.refunds !== undefined) {
      refunded.set(entry.refunds, this.sumRefunds(entry.refunds) + entry.amount);
    }
  }

  addChange(placed: Placed<RecordedChange>): void {
    const { row: change, subtrees } = placed;
    const { sides, lastChanges, newRows, lastStatement } = this.#set;
    this.#set.push(newRows, { change: placed });
    this.#set.grow(subtrees);
    sides.set(change.name, { ...sides.get(change.name)!, lastChange: change });
    lastChanges.set(change.name, change);
    this.#set.lastStatement = statementDigest(change.statementJws);
    this.#set.undo.add(() => this.#set.lastStatement = lastStatement);
  }

  lastStatement(): string {
    return this.#set.lastStatement!;
  }

  countVoidings(payer: AccountName): number {
    return this.#set.voidingCounts.get(payer) ?? 0;
  }

  firstVoiding(payer: AccountName): Pick<Voiding, "digest" | "expiresAtMs"> | undefined {
    const { firstVoidings, newVoidings, forgotten, emptied } = this.#set;
    const stored = emptied.has(payer) ? [] : firstVoidings.get(payer) ?? [];
    const added = [...newVoidings.values()].filter((voiding) => voiding.payer === payer);
    return [...stored, ...added].filter(({ digest }) => !forgotten.has(digest))
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs)[0];
  }

  addVoiding(voiding: Voiding): void {
    const { digest, payer, code, expiresAtMs } = voiding;
    const { voided, voidingCounts, newVoidings, undo, voidNumber } = this.#set;
    voided.set(digest, { digest, payer, code, expiresAtMs });
    voidingCounts.set(payer, this.countVoidings(payer) + 1);
    this.#set.voidNumber = voidNumber + 1;
    newVoidings.set(digest, { ...voiding, number: voidNumber + 1 });
    undo.add(() => {
      this.#set.voidNumber = voidNumber;
      newVoidings.delete(digest);
    });
  }

  forgetVoiding(digest: string): void {
    const { voided, voidingCounts, newVoidings, firstVoidings, forgotten, undo } = this.#set;
    const added = newVoidings.get(digest);
    const payer = added?.payer ??
      [...firstVoidings.values()].flat().find((one) => one.digest === digest)!.payer;
    if (voided.isKnown(digest)) voided.set(digest, undefined);
    voidingCounts.set(payer, (voidingCounts.get(payer) ?? 0) - 1);
    if (added === undefined) forgotten.add(digest);
    else newVoidings.delete(digest);
    undo.add(() => {
      forgotten.delete(digest);
      if (added !== undefined) newVoidings.set(digest, added);
    });
  }

  forgetVoidingsOf(payer: AccountName): void {
    const { voided, voidingCounts, newVoidings, emptied, undo } = this.#set;
    const added = [...newVoidings.values()].filter((voiding) => voiding.payer === payer);
    for (const { digest } of added) newVoidings.delete(digest);
    for (const [digest, copy] of voided.entries()) {
      if (copy.payer === payer) voided.set(digest, undefined);
    }
    if (voidingCounts.isKnown(payer)) voidingCounts.set(payer, 0);
    const wasEmptied = emptied.has(payer);
    emptied.add(payer);
    undo.add(() => {
      if (!wasEmptied) emptied.delete(payer);
      for (const voiding of added) newVoidings.set(voiding.digest, voiding);
    });
  }

  raiseVoidFloor(payer: AccountName, expiresAtMs: number): void {
    const { floors } = this.#set;
    floors.set(payer, Math.max(floors.get(payer) ?? expiresAtMs, expiresAtMs));
  }
}

class InvitationCopies implements InvitationRows, NewInvitationRows {
  readonly #set: WorkingSet;

  constructor(set: WorkingSet) {
    this.#set = set;
  }

  find(tokenDigest: string): Invitation | undefined {
    return this.#set.newInvitations.find((one) => one.tokenDigest === tokenDigest) ??
      this.#set.invitationsByDigest.get(tokenDigest);
  }

  use(tokenDigest: string): void {
    const invitation = this.find(tokenDigest)!;
    this.#replace({ ...invitation, uses: invitation.uses + 1 });
  }

  add(invitation: NewInvitation): Invitation {
    if (this.find(invitation.tokenDigest) !== undefined) {
      throw new LedgerError("cannot add an invitation: another one has its token");
    }
    const { tokenDigest, name, balance, usesMax, expiresAtMs, createdAtMs } = invitation;
    const added: Invitation = {
      number: this.#set.counts!.invitation + this.#set.newInvitations.length + 1,
      tokenDigest,
      ...(name !== undefined && { name }),
      ...(balance !== undefined && { balance }),
      ...{ usesMax, uses: 0, expiresAtMs, createdAtMs },
    };
    this.#set.push(this.#set.newInvitations, added);
    return added;
  }

  revoke(number: number, atMs: number): boolean {
    const invitation = [...this.#set.invitationsByDigest.values()]
      .find((one) => one.number === number);
    if (invitation === undefined) return false;
    if (invitation.revokedAtMs === undefined) this.#replace({ ...invitation, revokedAtMs: atMs });
    return true;
  }

  /** One that this batch added is updated too, after it is inserted. */
  #replace(invitation: Invitation): void {
    const { newInvitations, invitationsByDigest, undo } = this.#set;
    const at = newInvitations.findIndex(({ number }) => number === invitation.number);
    const before = newInvitations[at];
    if (before !== undefined) {
      newInvitations[at] = invitation;
      undo.add(() => newInvitations[at] = before);
    }
    invitationsByDigest.set(invitation.tokenDigest, invitation);
  }
}

interface MergedKeys {
  readonly entries: string[];
  readonly refunded: string[];
  readonly digests: string[];
  readonly sides: string[];
  readonly accounts: string[];
  readonly voiders: string[];
  readonly certificates: string[];
  readonly invitations: string[];
  readonly invitationNumbers: number[];
  readonly servers: string[];
  readonly needsCounts: boolean;
}

function mergeKeys(keys: readonly BatchKeys[]): MergedKeys {
  const all = <Key extends string | number>(
    list: (one: BatchKeys) => readonly Key[] | undefined,
  ) => [
    ...new Set(keys.flatMap((one) => list(one) ?? [])),
  ];
  const [accounts, voiders] = [all((one) => one.accounts), all((one) => one.voiders)];
  const certificates = all((one) => one.certificates);
  const invitations = all((one) => one.invitations);
  return {
    entries: all((one) => one.entries),
    refunded: all((one) => one.refunded),
    digests: all((one) => one.digests),
    sides: [...new Set([...all((one) => one.sides), ...accounts, ...voiders])],
    accounts,
    voiders,
    certificates,
    invitations,
    invitationNumbers: all((one) => one.invitationNumbers),
    servers: all((one) => one.servers),
    needsCounts: accounts.length + certificates.length + invitations.length > 0,
  };
}

function sideIn(row: Row): Side {
  const kind = row.kind === null ? undefined : textIn(row, "kind") as ChangeKind;
  const fingerprints = row.fingerprints === null ? "" : textIn(row, "fingerprints");
  return {
    balance: integerIn(row, "balance"),
    server: integerIn(row, "online_status") === 1 ? textIn(row, "server") : undefined,
    certificates: fingerprints === "" ? [] : fingerprints.split(" "),
    lastChange: kind &&
      { kind, ...(row.certificate !== null && { certificate: textIn(row, "certificate") }) },
  };
}

function voidIn(row: Row): VoidCopy {
  return {
    digest: textIn(row, "order_digest"),
    payer: textIn(row, "payer"),
    code: integerIn(row, "code"),
    expiresAtMs: timeIn(row, "expires_at"),
  };
}

/** Splits rows into runs of one table, because their numbers go up across both. */
function runsOf(rows: readonly NewRow[]): NewRow[][] {
  const runs: NewRow[][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    const isSame = last !== undefined &&
      (last[0]!.entry === undefined) === (row.entry === undefined);
    if (isSame) last.push(row);
    else runs.push([row]);
  }
  return runs;
}

function valuesOf({ entry, change }: NewRow): (string | number | null)[] {
  const values = entry === undefined ? rowFromChange(change) : rowFromEntry(entry);
  return values.map((value) =>
    value instanceof Uint8Array ? hexOf(value) : value as string | number | null
  );
}

/** Returns the columns of rows as arrays for parameters. */
function columnsOf(rows: readonly (readonly (string | number | null)[])[]): string[] {
  return rows[0]!.map((_, column) => arrayText(rows.map((row) => row[column]!)));
}

function hexOf(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return digits;
}

/** Waits for all, and throws the first error only then, so that none is left unhandled. */
async function everything<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}
