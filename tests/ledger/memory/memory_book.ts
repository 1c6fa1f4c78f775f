/**
 * The book in memory: entries and account changes in one list.
 */
import {
  type AccountChange,
  type RecordedChange,
  statementDigest,
} from "../../../src/ledger/account_change.ts";
import type { Entry } from "../../../src/ledger/entry.ts";
import type { LeafPage } from "../../../src/ledger/ledger.ts";
import {
  appendLeaf,
  type CompactRange,
  emptyTree,
  rootOf,
} from "../../../src/ledger/merkle_tree.ts";
import { placeChange } from "../../../src/ledger/posting.ts";

type Page = { readonly after: number; readonly limit: number };

export class MemoryBook {
  readonly #ledgerId: string;
  /** Each row is at the index before its number. */
  readonly #rows: (Entry | RecordedChange)[] = [];
  /** The tree after the rows up to each number, from 0. */
  readonly #trees: CompactRange[] = [emptyTree];
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

  leaves({ after, limit }: Page): LeafPage {
    const leaves = this.#rows.slice(after, after + limit).map(({ leaf }) => leaf);
    return { head: this.head(Math.min(after, this.#rows.length)), leaves };
  }

  /** Returns the tree of all rows. */
  tree(): CompactRange {
    return this.#trees.at(-1)!;
  }

  /** Returns the head after the row of this number, by default the last one. */
  head(number = this.#rows.length): string {
    return rootOf(this.#trees[number]!);
  }

  #push(row: Entry | RecordedChange): void {
    this.#trees.push(appendLeaf(this.tree(), row.leaf).tree);
    this.#rows.push(row);
  }

  #changes(): RecordedChange[] {
    return this.#rows.filter((row): row is RecordedChange => !isEntry(row));
  }
}

function isEntry(row: Entry | RecordedChange): row is Entry {
  return "orderJws" in row;
}
