/**
 * The open orders of one account, in the table `open_order`.
 */
import { FileError } from "../../errors.ts";
import { readOrder } from "../../protocol/order.ts";
import type { OpenOrder, OrderReference, Outbox } from "../wallet/wallet_store.ts";
import { textIn, type WalletStatements, type WalletTransactions } from "./wallet_statements.ts";

export class SqliteOutbox implements Outbox {
  readonly #store: WalletTransactions;
  readonly #owner: readonly [ledger: string, account: string];

  constructor(store: WalletTransactions, owner: readonly [ledger: string, account: string]) {
    this.#store = store;
    this.#owner = owner;
  }

  async add({ id, jws }: OrderReference): Promise<OpenOrder> {
    const { payload: order } = readOrder(jws);
    const { payer, payee, amount, memo = null, refunds = null, exp } = order;
    const expiresAt = new Date(exp * 1000).toISOString();
    return await this.#store.write((sql) => {
      const there = this.#item(sql, id);
      if (there) return there;
      const shown = [payer, payee, amount, memo, refunds];
      sql.addOrder.run(...this.#owner, id, ...shown, expiresAt, jws);
      return { order, jws, state: "recorded" };
    });
  }

  async markRefused(order: OrderReference): Promise<void> {
    await this.#changeOwn(order, (sql) => sql.refuseOrder.run(...this.#owner, order.id, order.jws));
  }

  async remove(order: OrderReference): Promise<void> {
    await this.#changeOwn(order, (sql) => sql.removeOrder.run(...this.#owner, order.id, order.jws));
  }

  get(id: string): Promise<OpenOrder | undefined> {
    return this.#store.read((sql) => this.#item(sql, id), undefined);
  }

  ids(): Promise<string[]> {
    return this.#store.read<string[]>(
      (sql) => sql.orderIds.all(...this.#owner).map((row) => textIn(row, "id", this.#store)),
      [],
    );
  }

  /** Changes the record of this order. Without one, nothing is written and no commit is made. */
  async #changeOwn(
    { id, jws }: OrderReference,
    change: (sql: WalletStatements) => void,
  ): Promise<void> {
    const isThere = await this.#store.read(
      (sql) => sql.hasOrder.get(...this.#owner, id, jws) !== undefined,
      false,
    );
    if (isThere) await this.#store.write(change);
  }

  #item(sql: WalletStatements, id: string): OpenOrder | undefined {
    const row = sql.order.get(...this.#owner, id);
    if (row === undefined) return undefined;
    try {
      const jws = textIn(row, "order_jws", this.#store);
      const { payload: order } = readOrder(jws);
      const state = row.state === "refused" ? "refused" : "recorded";
      if (order.id === id) return { order, jws, state };
    } catch (cause) {
      throw this.#damaged(id, cause);
    }
    throw this.#damaged(id);
  }

  #damaged(id: string, cause?: unknown): FileError {
    return new FileError(
      `read ${this.#store.file}: the row ${id} of open_order is not an order; ` +
        "ask for its id with status, then delete the row with sqlite3",
      { cause },
    );
  }
}
