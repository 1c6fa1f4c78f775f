/**
 * The book in memory: entries and account changes in one list.
 */
import {
  type AccountChange,
  type RecordedChange,
  statementDigest,
} from "../../../src/ledger/account_change.ts";
import type { Entry } from "../../../src/ledger/entry.ts";
import type { LedgerProofs, ProofQuery } from "../../../src/ledger/ledger.ts";
import {
  appendLeaf,
  type CompactRange,
  emptyTree,
  rootOf,
} from "../../../src/ledger/merkle_tree.ts";
import { placeChange } from "../../../src/ledger/posting.ts";
import { TreeProver } from "../../../src/ledger/tree_proofs.ts";
import { plainRoot } from "../plain_tree.ts";

type Page = { readonly after: number; readonly limit: number };

export class MemoryBook {
  readonly #ledgerId: string;
  /** Each row is at the index before its number. */
  readonly #rows: (Entry | RecordedChange)[] = [];
  #tree = emptyTree;
  readonly #entriesById = new Map<string, Entry>();

  constructor(ledgerId: string) {
    this.#ledgerId = ledgerId;
  }

  append(entry: Entry): void {
    this.#push(entry);
    this.#entriesById.set(entry.id, entry);
  }

  appendChange(change: AccountChange): RecordedChange {
    const { row } = placeChange(change, this.tree());
    this.#push(row);
    return row;
  }

  sumRefunds(id: string): number {
    const refunds = this.entries().filter((entry) => entry.refunds === id);
    return refunds.reduce((sum, { amount }) => sum + amount, 0);
  }

  entry(id: string): Entry | undefined {
    return this.#entriesById.get(id);
  }

  entries(): Entry[] {
    return this.#rows.filter(isEntry);
  }

  changes({ after, limit }: Page): RecordedChange[] {
    return this.#changes().filter(({ number }) => number > after).slice(0, limit);
  }

  /** Returns the digest of the last statement, or the ledger's identifier without one. */
  lastStatement(): string {
    const last = this.#changes().at(-1);
    return last === undefined ? this.#ledgerId : statementDigest(last.statementJws);
  }

  proofs({ size: earlier, entries }: ProofQuery): LedgerProofs {
    const leaves = this.#rows.map(({ leaf }) => leaf);
    const size = leaves.length;
    const prover = new TreeProver(
      size,
      (level, position) =>
        plainRoot(leaves.slice(position * 2 ** level, (position + 1) * 2 ** level)),
    );
    return {
      size,
      head: this.head(),
      consistency: earlier < size ? prover.consistency(earlier) : [],
      inclusion: entries.map((number) => number <= size ? prover.inclusion(number - 1) : []),
    };
  }

  /** Returns the tree of all rows. */
  tree(): CompactRange {
    return this.#tree;
  }

  /** Returns the head after the last row. */
  head(): string {
    return rootOf(this.#tree);
  }

  #push(row: Entry | RecordedChange): void {
    this.#tree = appendLeaf(this.#tree, row.leaf).tree;
    this.#rows.push(row);
  }

  #changes(): RecordedChange[] {
    return this.#rows.filter((row): row is RecordedChange => !isEntry(row));
  }
}

function isEntry(row: Entry | RecordedChange): row is Entry {
  return "orderDigest" in row;
}
