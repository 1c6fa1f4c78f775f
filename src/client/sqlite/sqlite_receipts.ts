/**
 * The receipts of one account, in the table `receipt`.
 */
import type { SQLOutputValue } from "node:sqlite";
import type {
  NewReceipt,
  PaymentReference,
  Receipts,
  StoredReceipt,
} from "../wallet/wallet_store.ts";
import type { SqliteWalletStore } from "./sqlite_wallet_store.ts";

/** Receipts that are read at a time, so that a long list is never held whole. */
const receiptsRead = 200;

export class SqliteReceipts implements Receipts {
  readonly #store: SqliteWalletStore;
  readonly #owner: readonly [ledger: string, account: string];

  constructor(store: SqliteWalletStore, owner: readonly [ledger: string, account: string]) {
    this.#store = store;
    this.#owner = owner;
  }

  has(id: string): Promise<boolean> {
    return this.#store.read(
      (sql) => sql.hasReceipt.get(...this.#owner, id) !== undefined,
      false,
    );
  }

  async add({ receipt, receiptJws, orderJws, memo }: NewReceipt): Promise<boolean> {
    const { id, entry, kind, from, to, amount, refunds, at } = receipt;
    // Most receipts come twice, from the peer and from the server; the second costs no commit.
    if (await this.has(id)) return false;
    return await this.#store.write((sql) => {
      const { changes } = sql.addReceipt.run(
        ...this.#owner,
        id,
        entry,
        kind,
        from,
        to,
        amount,
        memo ?? null,
        refunds ?? null,
        at,
        receiptJws,
        orderJws,
      );
      return Number(changes) === 1;
    });
  }

  find(payment: PaymentReference): Promise<StoredReceipt[]> {
    return this.#store.read<StoredReceipt[]>((sql) => {
      const rows = "id" in payment
        ? sql.receiptById.all(...this.#owner, payment.id)
        : sql.receiptsByEntry.all(...this.#owner, payment.entry);
      return rows.map(receiptFromRow);
    }, []);
  }

  async *all(): AsyncGenerator<StoredReceipt> {
    for (let after = "";;) {
      const page = await this.#store.read<StoredReceipt[]>(
        (sql) => sql.receiptsAfter.all(...this.#owner, after, receiptsRead).map(receiptFromRow),
        [],
      );
      yield* page;
      if (page.length < receiptsRead) return;
      after = page.at(-1)!.id;
    }
  }
}

/** The columns are texts: the tables are `STRICT`. */
function receiptFromRow(row: Record<string, SQLOutputValue>): StoredReceipt {
  const { id, receipt_jws: receipt, order_jws: order } = row as Record<string, string>;
  return { id: id!, receipt: receipt!, order: order! };
}
