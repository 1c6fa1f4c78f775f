/**
 * The rows that a batch may read, copied from the database while the log's head is locked. The
 * rules of `book.ts` and `registrar.ts` run over the copies, one operation after another, and what
 * they write is stored at the end with a few statements.
 */
import type { BookRows } from "../ledger_rows.ts";
import type { CompactRange } from "../merkle_tree.ts";
import { AccountCopies } from "./account_copies.ts";
import { type BatchKeys, mergeKeys } from "./batch_keys.ts";
import type { BatchRows } from "./batch_rows.ts";
import { BookCopies } from "./book_copies.ts";
import { InvitationCopies } from "./invitation_copies.ts";
import { type LedgerWriter, loadRows } from "./load_rows.ts";
import type { UndoLog } from "./row_copies.ts";
import type { Place } from "./shared_decisions.ts";
import type { Session } from "./session.ts";
import { type StoredBatch, storeRows } from "./store_rows.ts";

export class WorkingSet {
  readonly accounts: AccountCopies;
  readonly book: BookRows;
  readonly invitations: InvitationCopies;
  /** The last batch of this process that was committed. */
  readonly batch: number;
  readonly #rows: BatchRows;

  private constructor(
    { rows, batch }: { readonly rows: BatchRows; readonly batch: number },
  ) {
    this.accounts = new AccountCopies(rows);
    this.book = new BookCopies(rows);
    this.invitations = new InvitationCopies(rows);
    this.batch = batch;
    this.#rows = rows;
  }

  /** Begins a transaction, locks the log's head, and copies the rows. */
  static async load(
    session: Session,
    keys: readonly BatchKeys[],
    writer: LedgerWriter,
  ): Promise<WorkingSet> {
    return new WorkingSet(await loadRows(session, mergeKeys(keys), writer));
  }

  get undo(): UndoLog {
    return this.#rows.undo;
  }

  /** The place in the order of the commits, with what the batch added. */
  get place(): Place {
    return { number: this.#rows.tree.size, voidNumber: this.#rows.voidNumber };
  }

  /** The tree of all rows of the log, with what the batch added. */
  get tree(): CompactRange {
    return this.#rows.tree;
  }

  /** Whether there is something to write. */
  get isChanged(): boolean {
    return this.undo.length > 0;
  }

  /** Stores everything that was written, and commits. */
  store(session: Session, batch: StoredBatch): Promise<void> {
    return storeRows(session, this.#rows, batch);
  }

  /**
   * Says that a server is alive, and takes the members of silent servers offline.
   *
   * @returns whether the server was known before
   */
  attend(server: string): boolean {
    const isKnown = this.#rows.servers.has(server);
    this.#rows.push(this.#rows.attending, server);
    return isKnown;
  }
}
