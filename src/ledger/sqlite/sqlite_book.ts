/**
 * The rows of the book in SQLite: entries, balances, account changes and their Merkle tree. All
 * methods run inside the open transaction.
 */
import type { AccountName } from "../../account_name.ts";
import { LedgerError } from "../../errors.ts";
import { type RecordedChange, statementDigest } from "../account_change.ts";
import type { Entry, EntryContents } from "../entry.ts";
import type { HistoryQuery, LedgerProofs, ProofQuery, Voiding } from "../ledger.ts";
import type { BookRows, OrderKey, OrderPlace } from "../ledger_rows.ts";
import { type CompactRange, largestSubtree, rootOf, subtreeCount } from "../merkle_tree.ts";
import { TreeProver } from "../tree_proofs.ts";
import type { Placed } from "../posting.ts";
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
} from "../rows.ts";
import type { Statements } from "./statements.ts";

export class SqliteBook implements BookRows {
  readonly #sql: Statements;
  readonly #ledgerId: string;
  readonly #file: string;

  constructor(
    statements: Statements,
    { ledgerId, file }: { readonly ledgerId: string; readonly file: string },
  ) {
    this.#sql = statements;
    this.#ledgerId = ledgerId;
    this.#file = file;
  }

  addEntry(placed: Placed<Entry>): void {
    this.#sql.addEntry.run(...rowFromEntry(placed));
    const { payer, payerBalance, payee, payeeBalance } = placed.row;
    this.#sql.setBalances.run(payer, payerBalance, payeeBalance, payer, payee);
  }

  addChange(placed: Placed<RecordedChange>): void {
    this.#sql.addChange.run(...rowFromChange(placed));
  }

  contents(id: string): EntryContents | undefined {
    const row = this.#sql.entry.get(id);
    return row && entryFromRow(row);
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

  place({ id, digest, payer }: OrderKey): OrderPlace {
    const row = this.#sql.orderPlace.get(id, digest, payer)!;
    return {
      isBooked: row.is_booked === 1,
      voidedCode: row.code === null ? undefined : integerIn(row, "code"),
      voidFloorMs: row.expires_at === null ? undefined : timeIn(row, "expires_at"),
      tree: this.#treeFrom(row),
    };
  }

  tree(): CompactRange {
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

  countVoidings(payer: AccountName): number {
    return integerIn(this.#sql.voidingCount.get(payer)!, "count");
  }

  firstVoiding(payer: AccountName): Pick<Voiding, "digest" | "expiresAtMs"> | undefined {
    const row = this.#sql.firstVoiding.get(payer);
    return row && { digest: textIn(row, "order_digest"), expiresAtMs: timeIn(row, "expires_at") };
  }

  addVoiding({ digest, payer, code, expiresAtMs, atMs }: Voiding): void {
    this.#sql.addVoiding.run(digest, payer, code, timeText(expiresAtMs), timeText(atMs));
  }

  forgetVoiding(digest: string): void {
    this.#sql.forgetVoiding.run(digest);
  }

  forgetVoidingsOf(payer: AccountName): void {
    this.#sql.forgetVoidingsOf.run(payer);
  }

  raiseVoidFloor(payer: AccountName, expiresAtMs: number): void {
    this.#sql.raiseVoidFloor.run(payer, timeText(expiresAtMs));
  }
}
