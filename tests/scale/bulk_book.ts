/**
 * Appends bookings to a ledger in large transactions. It computes and stores entries as a server
 * does, but looks nothing up for them: it keeps the tree and the balances in memory. So the caller
 * must know that all of them can be booked. An audit tells whether it was right.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Booking, EntrySide } from "../../src/ledger/entry.ts";
import { appendLeaf, type CompactRange } from "../../src/ledger/merkle_tree.ts";
import { post } from "../../src/ledger/posting.ts";
import { openLedgerFile } from "../../src/ledger/sqlite/ledger_file.ts";
import { rowFromEntry } from "../../src/ledger/rows.ts";
import { prepareStatements, type Statements } from "../../src/ledger/sqlite/statements.ts";

export class BulkBook implements Disposable {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #balances = new Map<EntrySide, number>();
  #tree: CompactRange;

  /** Opens a ledger that no server uses. */
  constructor(file: string, ledgerId: string) {
    this.#database = openLedgerFile(file, ledgerId);
    this.#database.prepare(`PRAGMA cache_size = ${-cacheKibibytes}`).get();
    this.#sql = prepareStatements(this.#database);
    const { size, subtrees } = this.#sql.tree.get() as { size: number; subtrees: string };
    this.#tree = { size, subtrees: subtrees.match(/.{64}/g) ?? [] };
  }

  /** The number of the last row. */
  get size(): number {
    return this.#tree.size;
  }

  /**
   * Books all of them in one commit.
   *
   * @throws when a payer has too little
   */
  book(bookings: readonly Booking[]): void {
    const changed = new Set<EntrySide>();
    this.#database.prepare("BEGIN IMMEDIATE").run();
    for (const booking of bookings) {
      this.#append(booking);
      changed.add(booking.payer).add(booking.payee);
    }
    const setBalance = this.#database.prepare("UPDATE client SET balance = ? WHERE username = ?");
    for (const side of changed) setBalance.run(this.#balances.get(side)!, side);
    this.#database.prepare("COMMIT").run();
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #append(booking: Booking): void {
    const payerBalance = this.#balanceOf(booking.payer);
    const payeeBalance = this.#balanceOf(booking.payee);
    const placed = post(booking, { tree: this.#tree, payerBalance, payeeBalance });
    if (!placed) throw new Error(`book ${booking.id}: ${booking.payer} has too little`);
    this.#sql.addEntry.run(...rowFromEntry(placed));
    this.#tree = appendLeaf(this.#tree, placed.row.leaf).tree;
    this.#balances.set(booking.payer, placed.row.payerBalance);
    this.#balances.set(booking.payee, placed.row.payeeBalance);
  }

  #balanceOf(side: EntrySide): number {
    const known = this.#balances.get(side);
    if (known !== undefined) return known;
    const row = this.#sql.sides.get(side, side) as { balance: number };
    return row.balance;
  }
}

/** Enough for the pages that a group of members writes. */
const cacheKibibytes = 128 * 1024;
