/**
 * The open orders of one account, in the table `open_order`.
 */
import type { SignedOrder } from "../../protocol/order.ts";
import type { ExceededLimit } from "../wallet/payment_limits.ts";
import type { Outbox, StoredOrder } from "../wallet/wallet_store.ts";
import { exceededIn } from "./sqlite_limits.ts";
import { AccountPart, textIn, type WalletStatements } from "./wallet_statements.ts";

export class SqliteOutbox extends AccountPart implements Outbox {
  async add(
    { payload, text }: SignedOrder,
    { replaces, ignoresLimits = false }: Parameters<Outbox["add"]>[1] = {},
  ): Promise<StoredOrder | ExceededLimit> {
    const { id, payer, payee, amount, memo = null, refunds = null, iat, exp } = payload;
    const shown = [payer, payee, amount, memo, refunds, new Date(exp * 1000).toISOString()];
    const attempt = { amount, atMs: iat * 1000, exceptId: id };
    return await this.store.write<StoredOrder | ExceededLimit>((sql) => {
      const there = this.#get(sql, id);
      if (there && there.text !== replaces?.text) return there;
      const exceeded = ignoresLimits ? undefined : exceededIn(sql, this.owner, attempt);
      if (exceeded) return exceeded;
      if (there) sql.removeOrder.run(...this.owner, id, there.text);
      sql.addOrder.run(...this.owner, id, ...shown, text);
      return { text, state: "recorded" };
    });
  }

  async markRefused(order: SignedOrder): Promise<void> {
    await this.#change(order, (sql, reference) => sql.refuseOrder.run(...reference));
  }

  async remove(order: SignedOrder): Promise<void> {
    await this.#change(order, (sql, reference) => sql.removeOrder.run(...reference));
  }

  get(id: string): Promise<StoredOrder | undefined> {
    return this.store.read((sql) => this.#get(sql, id), undefined);
  }

  ids(): Promise<string[]> {
    return this.store.read<string[]>(
      (sql) => sql.orderIds.all(...this.owner).map((row) => textIn(row, "id", this.store)),
      [],
    );
  }

  /** Changes the record of this order. Without one, nothing is written and no commit is made. */
  async #change(
    { payload: { id }, text }: SignedOrder,
    change: (sql: WalletStatements, reference: string[]) => void,
  ): Promise<void> {
    const reference = [...this.owner, id, text];
    const isThere = await this.store.read(
      (sql) => sql.hasOrder.get(...reference) !== undefined,
      false,
    );
    if (isThere) await this.store.write((sql) => change(sql, reference));
  }

  #get(sql: WalletStatements, id: string): StoredOrder | undefined {
    const row = sql.order.get(...this.owner, id);
    if (row === undefined) return undefined;
    const state = row.state === "refused" ? "refused" : "recorded";
    return { text: textIn(row, "order_jws", this.store), state };
  }
}
