/**
 * The receipts of one account, in the table `receipt`.
 */
import type { SQLOutputValue } from "node:sqlite";
import type { SignedOrder } from "../../protocol/order.ts";
import type { SignedReceipt } from "../../protocol/receipt.ts";
import type { PaymentReference, Receipts, StoredReceipt } from "../wallet/wallet_store.ts";
import { AccountPart, textIn } from "./wallet_statements.ts";

/** Receipts that are read at a time, so that a long list never stands in memory whole. */
const receiptsRead = 200;

export class SqliteReceipts extends AccountPart implements Receipts {
  has(id: string): Promise<boolean> {
    return this.store.read(
      (sql) => sql.hasReceipt.get(...this.owner, id) !== undefined,
      false,
    );
  }

  async add(receipt: SignedReceipt, order: SignedOrder): Promise<boolean> {
    const { id, entry, kind, payer, payee, amount, refunds, at } = receipt.payload;
    const { memo } = order.payload;
    const reference = [...this.owner, id, order.text];
    // Both the server and a peer may bring a receipt. The second one costs no commit.
    const isKept = await this.store.read(
      (sql) =>
        sql.hasReceipt.get(...this.owner, id) !== undefined &&
        sql.hasOrder.get(...reference) === undefined,
      false,
    );
    if (isKept) return false;
    const shown = [entry, kind, payer, payee, amount, memo ?? null, refunds ?? null, at];
    return await this.store.write((sql) => {
      const { changes } = sql.addReceipt.run(
        ...this.owner,
        id,
        ...shown,
        receipt.text,
        order.text,
      );
      sql.removeOrder.run(...reference);
      return Number(changes) === 1;
    });
  }

  find(payment: PaymentReference): Promise<StoredReceipt[]> {
    return this.store.read<StoredReceipt[]>((sql) => {
      const rows = "id" in payment
        ? sql.receiptById.all(...this.owner, payment.id)
        : sql.receiptsByEntry.all(...this.owner, payment.entry);
      return rows.map((row) => this.#receiptIn(row));
    }, []);
  }

  async *all(): AsyncGenerator<StoredReceipt> {
    for (let after = "";;) {
      const page = await this.store.read<StoredReceipt[]>(
        (sql) =>
          sql.receiptsAfter.all(...this.owner, after, receiptsRead)
            .map((row) => this.#receiptIn(row)),
        [],
      );
      yield* page;
      if (page.length < receiptsRead) return;
      after = page.at(-1)!.id;
    }
  }

  #receiptIn(row: Record<string, SQLOutputValue>): StoredReceipt {
    const text = (column: string) => textIn(row, column, this.store);
    return { id: text("id"), receipt: text("receipt_jws"), order: text("order_jws") };
  }
}
