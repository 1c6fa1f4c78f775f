/**
 * The rows that a batch may read, as copies, and the rows that it writes. Every change can be
 * undone, because an operation that fails leaves nothing.
 */
import type { RecordedChange } from "../account_change.ts";
import type { CertificateState } from "../account_rules.ts";
import type { CertificateRecord, Entry } from "../entry.ts";
import type { Invitation } from "../invitation.ts";
import type { Presence, Voiding } from "../ledger.ts";
import type { CompactRange } from "../merkle_tree.ts";
import type { Placed } from "../posting.ts";
import type { DecodedEntry } from "../stored_rows.ts";
import { RowCopies, UndoLog } from "./row_copies.ts";

/** What a booking reads and writes of an account. */
export interface Side extends CertificateState {
  readonly balance: number;
  /** The server where it is online, or `undefined`. */
  readonly server: string | undefined;
}

export interface VoidCopy {
  readonly digest: string;
  readonly payer: string;
  readonly code: number;
  readonly expiresAtMs: number;
}

/** A row of the log. */
export type NewRow =
  | { readonly entry: Placed<Entry>; readonly change?: never }
  | { readonly change: Placed<RecordedChange>; readonly entry?: never };

/** The largest numbers of rows whose numbers the program gives. */
export interface Counts {
  readonly accounts: number;
  readonly place: number;
  readonly invitation: number;
}

/** Copies and new rows. The rules read and write them through the classes `…_copies.ts`. */
export class BatchRows {
  readonly undo = new UndoLog();

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

  /** The tree of all rows of the log. */
  tree: CompactRange;
  /** The number of the newest void order. */
  voidNumber: number;
  counts: Counts | undefined;
  lastStatement: string | undefined;

  constructor(
    { tree, voidNumber }: { readonly tree: CompactRange; readonly voidNumber: number },
  ) {
    this.tree = tree;
    this.voidNumber = voidNumber;
  }

  /** Adds to a list, until the operation is undone. */
  push<Item>(list: Item[], item: Item): void {
    list.push(item);
    this.undo.add(() => list.pop());
  }

  /** Appends the row that completes these subtrees. */
  grow(completed: readonly string[]): void {
    const before = this.tree;
    const kept = before.subtrees.slice(0, before.subtrees.length - (completed.length - 1));
    this.tree = { size: before.size + 1, subtrees: [...kept, completed.at(-1)!] };
    this.undo.add(() => this.tree = before);
  }
}
