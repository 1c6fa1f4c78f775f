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

  count(): Promise<number> {
    return this.store.read((sql) => sql.countReceipts.get(...this.owner)!.count as number, 0);
  }

  async add(receipt: SignedReceipt, order: SignedOrder): Promise<boolean> {
    const { id, entry, kind, payer, payee, amount, refunds, at } = receipt.payload;
    const { memo } = order.payload;
    const shown = [entry, kind, payer, payee, amount, memo ?? null, refunds ?? null, at];
    try {
      return await this.store.write((sql) => {
        const { changes } = sql.addReceipt.run(
          ...this.owner,
          id,
          ...shown,
          receipt.text,
          order.text,
        );
        sql.removeOrder.run(...this.owner, id, order.text);
        return Number(changes) === 1;
      });
    } catch (cause) {
      // A wallet that cannot be written may hold the receipt already. Then nothing is missing.
      if (await this.#isSettled(id, order)) return false;
      throw cause;
    }
  }

  /** @returns whether there is a receipt, and the order is not open any more */
  #isSettled(id: string, { text }: SignedOrder): Promise<boolean> {
    return this.store.read(
      (sql) =>
        sql.hasReceipt.get(...this.owner, id) !== undefined &&
        sql.hasOrder.get(...this.owner, id, text) === undefined,
      false,
    );
  }

  find(payment: PaymentReference): Promise<StoredReceipt[]> {
    return this.store.read<StoredReceipt[]>((sql) => {
      const rows = "id" in payment
        ? sql.receiptById.all(...this.owner, payment.id)
        : sql.receiptsByEntry.all(...this.owner, payment.entry);
      return rows.map((row) => this.#receiptIn(row));
    }, []);
  }

  all(): AsyncGenerator<StoredReceipt> {
    return this.#pages("receiptsAfter");
  }

  auditable(): AsyncGenerator<StoredReceipt> {
    return this.#pages("auditableAfter");
  }

  unaudited(): AsyncGenerator<StoredReceipt> {
    return this.#pages("unauditedAfter");
  }

  async *#pages(
    query: "receiptsAfter" | "auditableAfter" | "unauditedAfter",
  ): AsyncGenerator<StoredReceipt> {
    for (let after = "";;) {
      const page = await this.store.read<StoredReceipt[]>(
        (sql) =>
          sql[query].all(...this.owner, after, receiptsRead).map((row) => this.#receiptIn(row)),
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
