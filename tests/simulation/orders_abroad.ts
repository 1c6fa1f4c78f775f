/**
 * The orders that may have left their payers' machines. Their payees are not honest in a simulation: they hand one in again, or only now,
 * whenever it pleases them.
 */
import type { AccountName } from "../../src/account_name.ts";
import type { Member } from "../../src/client/member.ts";
import type { Dice } from "./dice.ts";

export class OrdersAbroad {
  readonly #byPayee = new Map<string, Set<string>>();

  /** Whatever is in a payer's outbox may have been sent. */
  async note({ context: { outbox } }: Member): Promise<void> {
    for (const id of await outbox.ids()) {
      const item = await outbox.get(id);
      if (!item) continue;
      const orders = this.#byPayee.get(item.order.to) ?? new Set();
      this.#byPayee.set(item.order.to, orders.add(item.jws));
    }
  }

  /** One that this payee may have. */
  pick(payee: AccountName, dice: Dice): string | undefined {
    const orders = this.#byPayee.get(payee);
    return orders && dice.pick([...orders]);
  }
}
