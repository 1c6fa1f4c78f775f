/**
 * Audits a whole ledger, from its first entry, and trusts none of it. Memory grows with the number
 * of accounts, not with the number of entries.
 */
import { auditedRepetitionsMax } from "../limits.ts";
import { LedgerError } from "../errors.ts";
import { changeLeaf, statementDigest } from "../ledger/account_change.ts";
import { entryLeaf } from "../ledger/entry.ts";
import { appendLeaf, emptyTree, rootOf } from "../ledger/merkle_tree.ts";
import type { LedgerSnapshot, StoredChange, StoredEntry } from "../ledger/snapshot.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { changeFault } from "../protocol/account_change.ts";
import { AuditedAccounts } from "./audited_accounts.ts";
import { readCertificates } from "./issued_certificates.ts";
import { OrderCheck } from "./order_check.ts";
import { RefundCheck } from "./refund_check.ts";
import { decodeChange, type DecodedEntry, decodeEntry } from "../ledger/stored_rows.ts";

/** The result of an audit that found no fault. */
export interface AuditReport {
  readonly outcome: "in_order";
  readonly entries: number;
  /** Account changes. */
  readonly changes: number;
  readonly accounts: number;
  readonly certificates: number;
  /** The head after the last entry or account change: 64 hexadecimal digits. */
  readonly head: string;
}

/** The first fault that an audit found. */
export interface AuditFault {
  readonly outcome: "wrong";
  /**
   * The number of the first wrong entry, or the number that is missing. Absent when no single entry
   * is wrong.
   */
  readonly entry?: number | undefined;
  /** The number of the wrong account change, if it is one. */
  readonly change?: number | undefined;
  readonly reason: string;
  /** Correct entries before the fault. */
  readonly entries: number;
}

/** The options of an audit. */
export interface AuditOptions {
  readonly anchor: TrustAnchor;
  /** Gets the number of checked entries, from time to time. */
  readonly onProgress?: ((entries: number) => void) | undefined;
}

/**
 * Audits a ledger. It checks entries and account changes by number, and then everything else. So a
 * wrong row is always reported first.
 *
 * @returns what was checked, or the first fault
 * @throws {LedgerError} when the store cannot be read at all
 */
export async function auditLedger(
  snapshot: LedgerSnapshot,
  { anchor, onProgress }: AuditOptions,
): Promise<AuditReport | AuditFault> {
  const { ledgerId } = snapshot;
  if (ledgerId !== anchor.fingerprint) {
    const reason = `it belongs to the CA ${ledgerId}, not to ${anchor.fingerprint}`;
    return { outcome: "wrong", reason, entries: 0 };
  }
  const certificates = readCertificates(snapshot, anchor);
  const accounts = new AuditedAccounts(snapshot, certificates);
  const orders = new OrderCheck(anchor, { accounts });
  const rows = new RowAudit(snapshot, { anchor, accounts, orders });
  const fault = await findFault(snapshot, { rows, onProgress });
  onProgress?.(rows.entries);
  if (fault) {
    const { kind, reason } = fault;
    return { outcome: "wrong", [kind]: rows.checked + 1, reason, entries: rows.entries };
  }
  const reason = accounts.fault ?? certificates.fault ?? accounts.settle() ??
    snapshot.faults()[Symbol.iterator]().next().value;
  if (reason !== undefined) return { outcome: "wrong", reason, entries: rows.entries };
  return {
    outcome: "in_order",
    entries: rows.entries,
    changes: rows.changes,
    accounts: accounts.count,
    certificates: certificates.owners.size,
    head: rows.head(),
  };
}

const progressEntries = 1000;

interface RowFault {
  readonly kind: "entry" | "change";
  readonly reason: string;
}

/**
 * Rows that are read together. Other threads verify the signatures of their orders, while this one
 * does the rest.
 */
const rowsAtOnce = 256;

/** @returns the fault of the first wrong row */
async function findFault(
  snapshot: LedgerSnapshot,
  { rows, onProgress }: Pick<AuditOptions, "onProgress"> & { readonly rows: RowAudit },
): Promise<RowFault | undefined> {
  try {
    for (const group of groupRows(rowsInOrder(snapshot))) {
      const checks = group.map(([kind, row]) => ({
        kind,
        check: kind === "entry" ? rows.beginEntry(row) : () => rows.checkChange(row),
      }));
      for (const { kind, check } of checks) {
        const reason = await check();
        if (reason !== undefined) return { kind, reason };
        if (rows.checked % progressEntries === 0) onProgress?.(rows.entries);
      }
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { kind: "entry", reason: error.message };
  }
  return undefined;
}

/**
 * Yields groups of rows. When a read fails, it yields the rows before the failure, and then throws.
 */
function* groupRows<Row>(rows: Iterable<Row>): Generator<Row[]> {
  let group: Row[] = [];
  try {
    for (const row of rows) {
      group.push(row);
      if (group.length < rowsAtOnce) continue;
      yield group;
      group = [];
    }
  } catch (error) {
    yield group;
    throw error;
  }
  yield group;
}

type NumberedRow = readonly ["entry", StoredEntry] | readonly ["change", StoredChange];

/** Yields entries and account changes in the order of their numbers. */
function* rowsInOrder(snapshot: LedgerSnapshot): Generator<NumberedRow> {
  const entries = snapshot.entries()[Symbol.iterator]();
  const changes = snapshot.changes()[Symbol.iterator]();
  let [entry, change] = [entries.next(), changes.next()];
  while (!entry.done || !change.done) {
    if (!entry.done && (change.done || !(change.value.number! < entry.value.number!))) {
      yield ["entry", entry.value];
      entry = entries.next();
    } else if (!change.done) {
      yield ["change", change.value];
      change = changes.next();
    }
  }
}

/** Checks the rows, one after the other. */
class RowAudit {
  /** The number of correct rows, which is the number of the last one. */
  checked = 0;
  entries = 0;
  changes = 0;
  #tree = emptyTree;
  readonly #anchor: TrustAnchor;
  readonly #accounts: AuditedAccounts;
  readonly #orders: OrderCheck;
  readonly #refunds: RefundCheck;
  /** Ids of several entries, and whether the first of these was checked already. */
  readonly #repeated: Map<string, boolean>;
  /** The digest that the next account change has to name. */
  #previous: string;

  constructor(
    snapshot: LedgerSnapshot,
    { anchor, accounts, orders }: {
      anchor: TrustAnchor;
      accounts: AuditedAccounts;
      orders: OrderCheck;
    },
  ) {
    this.#previous = snapshot.ledgerId;
    this.#anchor = anchor;
    this.#accounts = accounts;
    this.#orders = orders;
    this.#refunds = new RefundCheck(snapshot);
    this.#repeated = findRepeatedIds(snapshot);
  }

  /** Returns the head after the rows so far, 64 hex digits. */
  head(): string {
    return rootOf(this.#tree);
  }

  /**
   * Begins to check an entry: everything that does not depend on the rows before it.
   *
   * @returns a function that completes the check when the entry is the next row. It returns the
   * fault, if there is one
   */
  beginEntry(row: StoredEntry): () => Promise<string | undefined> | string {
    const entry = decodeEntry(row);
    if (typeof entry === "string") return () => entry;
    const verified = this.#orders.verify(entry);
    return () => this.#checkEntry(entry, verified);
  }

  async #checkEntry(
    entry: DecodedEntry,
    verified: ReturnType<OrderCheck["verify"]>,
  ): Promise<string | undefined> {
    const signer = await verified;
    const reason = this.#place(entry) ?? this.#id(entry) ??
      (typeof signer === "string" ? signer : this.#orders.judge(entry, signer)) ??
      // After the order: a difference there says more than a hash.
      this.#grow(entry, entryLeaf(entry)) ?? this.#refunds.check(entry) ??
      this.#accounts.post(entry);
    if (reason !== undefined) return reason;
    this.checked++;
    this.entries++;
    return undefined;
  }

  /** @returns the fault of the next row, which is an account change */
  checkChange(row: StoredChange): string | undefined {
    const change = decodeChange(row);
    if (typeof change === "string") return change;
    const options = { anchor: this.#anchor, previous: this.#previous };
    const reason = this.#place(change) ?? changeFault(change, options) ??
      this.#grow(change, changeLeaf(change)) ?? this.#accounts.change(change);
    if (reason !== undefined) return reason;
    this.checked++;
    this.changes++;
    this.#previous = statementDigest(change.statementJws);
    return undefined;
  }

  #place({ number }: { readonly number: number }): string | undefined {
    if (number === this.checked + 1) return undefined;
    return number <= this.checked
      ? `its number ${number} is that of an earlier row`
      : `it is missing; the next one there is ${number}`;
  }

  #id({ id }: DecodedEntry): string | undefined {
    if (!this.#repeated.has(id)) return undefined;
    if (this.#repeated.get(id)) return `its id ${id} is that of an earlier entry`;
    this.#repeated.set(id, true);
    return undefined;
  }

  #grow({ subtrees }: { readonly subtrees: string }, leaf: string): string | undefined {
    const { tree, completed } = appendLeaf(this.#tree, leaf);
    this.#tree = tree;
    return subtrees === completed.join("")
      ? undefined
      : "its hashes do not follow from what it says and from the rows before";
  }
}

function findRepeatedIds(snapshot: LedgerSnapshot): Map<string, boolean> {
  const ids = new Map<string, boolean>();
  for (const id of snapshot.repeatedIds()) {
    ids.set(id, false);
    if (ids.size >= auditedRepetitionsMax) break;
  }
  return ids;
}
