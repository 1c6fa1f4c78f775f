/**
 * Audits a range of rows: entries and account changes by number. The rows before the range are
 * taken as they are stored. So the audits of all ranges together show that every row follows from
 * those before it.
 */
import { LedgerError } from "../errors.ts";
import { changeLeaf, statementDigest } from "../ledger/account_change.ts";
import { entryLeaf } from "../ledger/entry.ts";
import { appendLeaf, type CompactRange } from "../ledger/merkle_tree.ts";
import {
  type LedgerSnapshot,
  type PageQuery,
  type StoredChange,
  type StoredRow,
  storedText,
  type StoredValue,
} from "../ledger/snapshot.ts";
import { decodeChange, decodeRow } from "../ledger/stored_rows.ts";
import { storedTree } from "../ledger/stored_tree.ts";
import type { TreeHead } from "../ledger/tree_proofs.ts";
import { auditPageRows } from "../limits.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { changeFault } from "../protocol/account_change.ts";
import { AccountStates } from "./account_states.ts";
import type { Signers } from "./issued_certificates.ts";
import { orderFault } from "./order_check.ts";
import { RefundCheck } from "./refund_check.ts";

/** The rows to audit. */
export interface RowRange {
  /** The number of the last row before the range. */
  readonly after: number;
  /** The number of the last row of the range. */
  readonly upTo: number;
  /** The tree whose rows are not audited. */
  readonly trusted?: TreeHead | undefined;
}

/** The first wrong row, or the first that is missing. */
export interface RowFault {
  readonly kind: "entry" | "change";
  readonly number: number;
  readonly reason: string;
}

/** What an audit of rows found. */
export interface RowReport {
  /** Correct rows, up to the first wrong one. */
  readonly entries: number;
  readonly changes: number;
  readonly fault: RowFault | undefined;
}

export interface RowAuditOptions {
  readonly anchor: TrustAnchor;
  readonly signers: Signers;
  /** Gets the number of rows since the last call, from time to time. */
  readonly onProgress: (rows: number) => void;
}

/** Audits a range of rows, up to the first wrong one. */
export async function auditRows(
  snapshot: LedgerSnapshot,
  range: RowRange,
  options: RowAuditOptions,
): Promise<RowReport> {
  const counts = { entries: 0, changes: 0 };
  let number = range.after;
  const report = (fault?: Omit<RowFault, "number">): RowReport => ({
    ...counts,
    fault: fault && { ...fault, number: number + 1 },
  });
  try {
    const audit = await RowAudit.begin(snapshot, range, options);
    // A row without a place before the first one is the first that is read.
    const start = range.after === 0 ? Number.MIN_SAFE_INTEGER : range.after;
    for await (const [kind, row] of rowsInOrder(snapshot, audit, start)) {
      if (number === range.upTo && Number(row.number) > number) break;
      const reason = await (kind === "entry" ? audit.checkEntry(row) : audit.checkChange(row));
      if (reason !== undefined) return report({ kind, reason });
      number++;
      counts[kind === "entry" ? "entries" : "changes"]++;
      if (number % progressRows === 0) options.onProgress(progressRows);
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return report({ kind: "entry", reason: error.message });
  }
  return report();
}

const progressRows = 1000;

type NumberedRow = readonly ["entry", StoredRow] | readonly ["change", StoredChange];

/** Yields entries and account changes in the order of their numbers. */
async function* rowsInOrder(
  snapshot: LedgerSnapshot,
  audit: RowAudit,
  after: number,
): AsyncGenerator<NumberedRow> {
  const entries = readPages(async (query) => {
    const page = await snapshot.entryPage(query);
    await audit.prepareEntries(page);
    return page;
  }, after);
  const changes = readPages(async (query) => {
    const page = await snapshot.changePage(query);
    await audit.prepareChanges(page);
    return page;
  }, after);
  let [entry, change] = [await entries.next(), await changes.next()];
  while (!entry.done || !change.done) {
    if (!entry.done && (change.done || !(change.value.number! < entry.value.number!))) {
      yield ["entry", entry.value];
      entry = await entries.next();
    } else if (!change.done) {
      yield ["change", change.value];
      change = await changes.next();
    }
  }
}

/** Yields the rows of all pages. When a read fails, it yields the rows before, and then throws. */
async function* readPages<Row extends { readonly number: StoredValue }>(
  read: (query: PageQuery) => Promise<Row[]>,
  after: number,
): AsyncGenerator<Row, undefined> {
  let limit = auditPageRows;
  while (true) {
    let page: Row[];
    try {
      page = await read({ after, limit });
    } catch (error) {
      if (!(error instanceof LedgerError) || limit === 1) throw error;
      limit = 1;
      continue;
    }
    yield* page;
    if (page.length < limit) return;
    after = Number(page.at(-1)!.number);
  }
}

/** Checks the rows of a range, one after the other. */
class RowAudit {
  readonly #anchor: TrustAnchor;
  readonly #signers: Signers;
  readonly #snapshot: LedgerSnapshot;
  readonly #accounts: AccountStates;
  readonly #refunds: RefundCheck;
  /** Whether the rows before the range are not audited. */
  readonly #isPart: boolean;
  #tree: CompactRange;
  /** The digest that the next account change has to name. */
  #previous: string;

  private constructor(
    snapshot: LedgerSnapshot,
    { after, trusted }: RowRange,
    { anchor, signers, tree, previous }: RowAuditOptions & {
      readonly tree: CompactRange;
      readonly previous: string;
    },
  ) {
    this.#snapshot = snapshot;
    this.#anchor = anchor;
    this.#signers = signers;
    this.#accounts = new AccountStates(snapshot, { signers, first: after + 1 });
    this.#refunds = new RefundCheck(snapshot, { trusted });
    this.#isPart = trusted !== undefined;
    this.#tree = tree;
    this.#previous = previous;
  }

  /** Reads what the rows before the range end with. */
  static async begin(
    snapshot: LedgerSnapshot,
    range: RowRange,
    options: RowAuditOptions,
  ): Promise<RowAudit> {
    const tree = await storedTree(snapshot, range.after);
    const statement = await snapshot.statementBefore(range.after + 1);
    const previous = statement === undefined
      ? snapshot.ledgerId
      : statementDigest(storedText(statement));
    return new RowAudit(snapshot, range, { ...options, tree, previous });
  }

  /** Reads at once what the checks of these entries need. */
  async prepareEntries(rows: readonly StoredRow[]): Promise<void> {
    await this.#accounts.load(
      rows.flatMap(({ payer, payee }) => [storedText(payer), storedText(payee)]),
    );
    await this.#signers.load(rows.map(({ certificate }) => storedText(certificate)));
  }

  /** Reads at once what the checks of these account changes need. */
  async prepareChanges(rows: readonly StoredChange[]): Promise<void> {
    await this.#accounts.load(rows.map(({ username }) => storedText(username)));
  }

  /** @returns the fault of the next row, which is an entry */
  async checkEntry(row: StoredRow): Promise<string | undefined> {
    const entry = decodeRow(row);
    if (typeof entry === "string") return entry;
    const [anchor, signers, accounts] = [this.#anchor, this.#signers, this.#accounts];
    return this.#place(entry) ?? await this.#id(entry) ??
      await orderFault(entry, { anchor, signers, accounts }) ??
      // After the order: a difference there says more than a hash.
      this.#grow(entry, entryLeaf(entry)) ?? await this.#refunds.check(entry) ??
      accounts.post(entry);
  }

  /** @returns the fault of the next row, which is an account change */
  async checkChange(row: StoredChange): Promise<string | undefined> {
    const change = decodeChange(row);
    if (typeof change === "string") return change;
    const options = { anchor: this.#anchor, previous: this.#previous };
    const reason = this.#place(change) ?? changeFault(change, options) ??
      this.#grow(change, changeLeaf(change)) ?? await this.#accounts.change(change);
    this.#previous = statementDigest(change.statementJws);
    return reason;
  }

  #place({ number }: { readonly number: number }): string | undefined {
    const { size } = this.#tree;
    if (number === size + 1) return undefined;
    return number <= size
      ? `its number ${number} is that of an earlier row`
      : `it is missing; the next one there is ${number}`;
  }

  /** A full audit finds a repeated id by the index of ids, when it checks the file. */
  async #id(
    { id, number }: { readonly id: string; readonly number: number },
  ): Promise<string | undefined> {
    const isFirst = !this.#isPart || (await this.#snapshot.entryById(id))?.number === number;
    return isFirst ? undefined : `its id ${id} is that of an earlier entry`;
  }

  #grow({ subtrees }: { readonly subtrees: string }, leaf: string): string | undefined {
    const { tree, completed } = appendLeaf(this.#tree, leaf);
    this.#tree = tree;
    return subtrees === completed.join("")
      ? undefined
      : "its hashes do not follow from what it says and from the rows before";
  }
}
