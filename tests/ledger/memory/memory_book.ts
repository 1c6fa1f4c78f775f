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
import { plainProver } from "../plain_tree.ts";

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

  proofs(query: ProofQuery): LedgerProofs {
    return plainProver(this.#rows.map(({ leaf }) => leaf)).answer(query);
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
