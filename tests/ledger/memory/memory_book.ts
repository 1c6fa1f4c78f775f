/**
 * The book in memory: entries and account changes in one chain.
 */
import {
  type AccountChange,
  changeDigest,
  type LinkedChange,
  type RecordedChange,
  statementDigest,
} from "../../../src/ledger/account_change.ts";
import { type Entry, entryDigest } from "../../../src/ledger/entry.ts";
import type { ChainPart } from "../../../src/ledger/ledger.ts";
import { type ChainEnd, placeChange } from "../../../src/ledger/posting.ts";

type Page = { readonly after: number; readonly limit: number };

export class MemoryBook {
  readonly #ledgerId: string;
  /** Each row is at the index before its number. */
  readonly #rows: (Entry | RecordedChange)[] = [];
  readonly #entriesById = new Map<string, Entry>();

  constructor(ledgerId: string) {
    this.#ledgerId = ledgerId;
  }

  append(entry: Entry): void {
    this.#rows.push(entry);
    this.#entriesById.set(entry.id, entry);
  }

  appendChange(change: AccountChange): RecordedChange {
    const recorded = placeChange(change, this.end());
    this.#rows.push(recorded);
    return recorded;
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

  changes({ after, limit }: Page): LinkedChange[] {
    return this.#changes().filter(({ number }) => number > after).slice(0, limit)
      .map((change) => ({ change, headBefore: this.#headAt(change.number - 1) }));
  }

  /** Returns the digest of the last statement, or the ledger's identifier without one. */
  lastStatement(): string {
    const last = this.#changes().at(-1);
    return last === undefined ? this.#ledgerId : statementDigest(last.statementJws);
  }

  chain({ after, limit }: Page): ChainPart {
    const rows = this.#rows.slice(after, after + limit);
    const digests = rows.map((row) => isEntry(row) ? entryDigest(row) : changeDigest(row));
    return { head: this.#headAt(Math.min(after, this.#rows.length)), digests };
  }

  end(): ChainEnd {
    return { lastNumber: this.#rows.length, head: this.#headAt(this.#rows.length) };
  }

  #changes(): RecordedChange[] {
    return this.#rows.filter((row): row is RecordedChange => !isEntry(row));
  }

  #headAt(number: number): string {
    return number === 0 ? this.#ledgerId : this.#rows[number - 1]!.hash;
  }
}

function isEntry(row: Entry | RecordedChange): row is Entry {
  return "orderJws" in row;
}
