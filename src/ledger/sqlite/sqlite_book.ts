/**
 * The book in the database: entries, balances, account changes and the Merkle tree over them. All
 * methods run inside the open transaction.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import { type AccountChange, type RecordedChange, statementDigest } from "../account_change.ts";
import { objectToBooking } from "../account_rules.ts";
import {
  type Booking,
  type Entry,
  type EntrySide,
  isSignedByPayer,
  issuingAccount,
} from "../entry.ts";
import { voidedOrderKeptMs, voidedOrdersMax } from "../../limits.ts";
import type {
  BookOutcome,
  HistoryQuery,
  LedgerProofs,
  ProofQuery,
  Voiding,
  VoidOutcome,
} from "../ledger.ts";
import { type CompactRange, largestSubtree, rootOf, subtreeCount } from "../merkle_tree.ts";
import { TreeProver } from "../tree_proofs.ts";
import { isSameOrder, judgeRefund, placeChange, type Placed, post } from "../posting.ts";
import {
  changeFromRow,
  entryFromRow,
  integerIn,
  type Row,
  rowFromChange,
  rowFromEntry,
  textIn,
  timeIn,
  timeText,
} from "./rows.ts";
import type { SqliteAccounts } from "./sqlite_accounts.ts";
import type { Statements } from "./statements.ts";

/** Reads and appends entries and account changes. */
export class SqliteBook {
  readonly #sql: Statements;
  readonly #accounts: SqliteAccounts;
  readonly #ledgerId: string;
  readonly #file: string;

  constructor(
    statements: Statements,
    options: { accounts: SqliteAccounts; ledgerId: string; file: string },
  ) {
    this.#sql = statements;
    this.#accounts = options.accounts;
    this.#ledgerId = options.ledgerId;
    this.#file = options.file;
  }

  book(booking: Booking): BookOutcome {
    const { id, orderDigest: digest, payer, kind, exp } = booking;
    const { isBooked, voidedCode, voidFloorMs, tree } = this.#place({ id, digest, payer });
    if (isBooked) {
      const entry = this.entry(id)!;
      return isSameOrder(entry, booking)
        ? { outcome: "repeated", entry }
        : { outcome: "id_conflict" };
    }
    if (voidedCode !== undefined) return { outcome: "voided", code: voidedCode };
    // Nobody voids the server's own orders.
    const isExpired = isSignedByPayer(kind) && isForgotten(exp * 1000, voidFloorMs);
    if (isExpired) return { outcome: "expired" };
    const sides = this.#accounts.sides(payer, booking.payee);
    if (sides.payer === undefined) return { outcome: "payer_unknown" };
    if (sides.payee === undefined) return { outcome: "payee_unknown" };
    const both = { payer: sides.payer, payee: sides.payee };
    const objection = objectToBooking(booking, both) ?? this.#objectToRefund(booking);
    if (objection !== undefined) return { outcome: objection };
    const [payerBalance, payeeBalance] = [both.payer.balance, both.payee.balance];
    const placed = post(booking, { tree, payerBalance, payeeBalance });
    if (placed === undefined) return { outcome: "bankrupt" };
    this.append(placed, booking);
    return { outcome: "booked", entry: placed.row };
  }

  voidOrder(voiding: Voiding): VoidOutcome {
    const { id, digest, payer, certificate, code, atMs, expiresAtMs } = voiding;
    const { isBooked, voidedCode, voidFloorMs } = this.#place({ id, digest, payer });
    const entry = isBooked ? this.entry(id) : undefined;
    if (entry?.orderDigest === digest) return { outcome: "booked", entry };
    if (voidedCode !== undefined) return { outcome: "repeated", code: voidedCode };
    if (certificate !== this.#accounts.certificateOf(payer)) return { outcome: "unbookable" };
    if (isForgotten(expiresAtMs, voidFloorMs)) return { outcome: "expired" };
    if (!this.#makeRoom(payer, atMs)) return { outcome: "no_room" };
    this.#sql.addVoiding.run(digest, payer, code, timeText(expiresAtMs), timeText(atMs));
    return { outcome: "voided" };
  }

  /** Returns the opening entry, or `undefined` when the issuing account has too little left. */
  openingEntry(opening: Booking): Placed<Entry> | undefined {
    if (this.#sql.entry.get(opening.id) !== undefined) {
      throw new TypeError(
        `cannot register ${opening.payee}: the id of its opening entry was used before`,
      );
    }
    const payerBalance = this.#balance(issuingAccount);
    if (payerBalance === undefined) {
      throw new LedgerError(`cannot read the ledger ${this.#file}: it has no issuing account`);
    }
    return post(opening, { tree: this.#tree(), payerBalance, payeeBalance: 0 });
  }

  append(placed: Placed<Entry>, { kind, certificate }: Booking): void {
    if (!isSignedByPayer(kind)) this.#accounts.recordServerCertificate(certificate);
    this.#sql.addEntry.run(...rowFromEntry(placed));
    const { payer, payerBalance, payee, payeeBalance } = placed.row;
    this.#sql.setBalances.run(payer, payerBalance, payeeBalance, payer, payee);
  }

  entry(id: string): Entry | undefined {
    return this.#entriesFrom(this.#sql.entry.all(id))[0];
  }

  sumRefunds(id: string): number {
    return integerIn(this.#sql.refunded.get(id)!, "sum");
  }

  history(name: AccountName, query: HistoryQuery): Entry[] {
    const { limit, after, before = Number.MAX_SAFE_INTEGER } = query;
    const half = [name, after ?? before, limit];
    const statement = after === undefined ? this.#sql.historyBefore : this.#sql.historyAfter;
    return this.#entriesFrom(statement.all(...half, ...half, limit));
  }

  /** Records a change. After a revocation, no order of the old certificate can be booked. */
  appendChange(change: AccountChange): RecordedChange {
    if (change.kind === "revocation") this.#sql.forgetVoidingsOf.run(change.name);
    const placed = placeChange(change, this.#tree());
    this.#sql.addChange.run(...rowFromChange(placed));
    return placed.row;
  }

  changes({ after, limit }: { readonly after: number; readonly limit: number }): RecordedChange[] {
    return this.#sql.changesAfter.all(after, limit).map(changeFromRow);
  }

  /** Returns the digest of the last statement, or the ledger's identifier without one. */
  lastStatement(): string {
    const row = this.#sql.lastStatement.get();
    return row === undefined ? this.#ledgerId : statementDigest(textIn(row, "statement_jws"));
  }

  proofs(query: ProofQuery): LedgerProofs {
    const read = (level: number, position: number) => this.#node(level, position);
    return new TreeProver(this.lastNumber(), read).answer(query);
  }

  /** Returns the number of the last row, 0 without rows. */
  lastNumber(): number {
    return integerIn(this.#sql.lastNumber.get()!, "number");
  }

  /** Returns the head after the row of this number, 64 hex digits. */
  headAfter(number: number): string {
    return this.#headsAfter([number])[0]!;
  }

  missingNumber(): number | undefined {
    const row = this.#sql.numbering.get()!;
    if (row.is_whole === 1) return undefined;
    const missing = integerIn(this.#sql.missingNumber.get()!, "number");
    if (missing <= integerIn(row, "last")) return missing;
    throw new LedgerError(
      `cannot read the ledger ${this.#file}: two rows have one number, a number is below 1, or ` +
        "its indexes do not fit its tables; audit it",
    );
  }

  #entriesFrom(rows: readonly Row[]): Entry[] {
    if (rows.length === 0) return [];
    const decoded = rows.map(entryFromRow);
    const heads = this.#headsAfter(decoded.map(({ number }) => number));
    return decoded.map(({ subtrees, ...entry }, at) => {
      return { ...entry, leaf: subtrees.slice(0, 64), head: heads[at]! };
    });
  }

  /** Returns the head after each of these numbers. Their trees share most subtrees. */
  #headsAfter(numbers: readonly number[]): string[] {
    const rows = this.#sql.roots.all(JSON.stringify(numbers));
    const roots = new Map(rows.map((row) => [integerIn(row, "number"), textIn(row, "root")]));
    return numbers.map((size) => {
      const subtrees: string[] = [];
      for (let end = size; end > 0; end -= largestSubtree(end)) {
        const root = roots.get(end);
        subtrees.unshift(root?.length === 64 ? root : this.#throwMissing(size));
      }
      return rootOf({ size, subtrees });
    });
  }

  /** Looks up where an entry goes, and whether its order was booked or is void. */
  #place({ id, digest, payer }: { id: string; digest: string; payer: EntrySide }): OrderPlace {
    const row = this.#sql.orderPlace.get(id, digest, payer)!;
    return {
      isBooked: row.is_booked === 1,
      voidedCode: row.code === null ? undefined : integerIn(row, "code"),
      voidFloorMs: row.expires_at === null ? undefined : timeIn(row, "expires_at"),
      tree: this.#treeFrom(row),
    };
  }

  #tree(): CompactRange {
    return this.#treeFrom(this.#sql.tree.get()!);
  }

  #treeFrom(row: Row): CompactRange {
    const size = integerIn(row, "size");
    const subtrees = textIn(row, "subtrees").match(/.{64}/g) ?? [];
    return subtrees.length === subtreeCount(size) ? { size, subtrees } : this.#throwMissing(size);
  }

  #throwMissing(size: number): never {
    throw new LedgerError(
      `cannot read the ledger ${this.#file}: a row up to number ${size} is missing; audit it`,
    );
  }

  /** Returns a node from the row that the subtree below it ends with. */
  #node(level: number, position: number): string {
    const number = (position + 1) * 2 ** level;
    const row = this.#sql.node.get({ number, level });
    if (row !== undefined) return textIn(row, "hash");
    throw new LedgerError(
      `cannot read the ledger ${this.#file}: its row number ${number} is missing; audit it`,
    );
  }

  /**
   * Forgets the order that expired first, when the payer's room is full and it expired long enough
   * ago.
   */
  #makeRoom(payer: AccountName, atMs: number): boolean {
    if (integerIn(this.#sql.voidingCount.get(payer)!, "count") < voidedOrdersMax) return true;
    const first = this.#sql.firstVoiding.get(payer)!;
    const expiresAtMs = timeIn(first, "expires_at");
    if (expiresAtMs + voidedOrderKeptMs >= atMs) return false;
    this.#sql.forgetVoiding.run(textIn(first, "order_digest"));
    this.#sql.raiseVoidFloor.run(payer, timeText(expiresAtMs));
    return true;
  }

  #balance(side: EntrySide): number | undefined {
    const row = this.#sql.balance.get(side);
    return row && integerIn(row, "balance");
  }

  #objectToRefund(booking: Booking): ReturnType<typeof judgeRefund> {
    const { refunds } = booking;
    if (refunds === undefined) return undefined;
    const payment = this.#sql.entry.get(refunds);
    return judgeRefund(booking, {
      payment: payment && entryFromRow(payment),
      refunded: this.sumRefunds(refunds),
    });
  }
}

/** Where the entry of an order goes, and what became of the order before. */
interface OrderPlace {
  readonly isBooked: boolean;
  /** The code that the order was voided with. */
  readonly voidedCode: number | undefined;
  /** Void orders of its payer that expired until then may be forgotten. */
  readonly voidFloorMs: number | undefined;
  readonly tree: CompactRange;
}

/** Returns whether an order may have been void and forgotten. */
function isForgotten(expiresAtMs: number, voidFloorMs: number | undefined): boolean {
  return voidFloorMs !== undefined && expiresAtMs <= voidFloorMs;
}
