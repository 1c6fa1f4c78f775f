/**
 * Orders that may have left their payers' machines. In a simulation every payee is dishonest: it
 * submits an order again, or late. Either side may void an order. The server's final word on each
 * order is recorded.
 */
import type { AccountName } from "../../src/account_name.ts";
import type { Member } from "../../src/client/member.ts";
import { readDocument } from "../../src/pki/signed_document.ts";
import type { Order } from "../../src/protocol/order.ts";
import type { Dice } from "./dice.ts";

export interface OrderAbroad {
  readonly id: string;
  readonly payer: string;
  readonly payee: string;
  readonly jws: string;
}

export class OrdersAbroad {
  /** Orders that somebody was told are never booked, and by what. */
  readonly refused = new Map<string, string>();
  readonly #orders = new Map<string, OrderAbroad>();

  /** Whatever is in a payer's outbox may have been sent. */
  async note({ context: { outbox } }: Member): Promise<void> {
    for (const id of await outbox.ids()) {
      const item = await outbox.get(id);
      if (!item) continue;
      const { text: jws } = item;
      const { payload } = readDocument(jws, { typ: "micropay-order", chain: "single" });
      const { payer, payee } = payload as Order;
      this.#orders.set(jws, { id, payer, payee, jws });
    }
  }

  /** One that this payee may have. */
  pickFor(payee: AccountName, dice: Dice): OrderAbroad | undefined {
    return pick([...this.#orders.values()].filter((order) => order.payee === payee), dice);
  }

  /** One that this payer has sent. */
  pickOf(payer: AccountName, dice: Dice): OrderAbroad | undefined {
    return pick([...this.#orders.values()].filter((order) => order.payer === payer), dice);
  }
}

function pick(orders: readonly OrderAbroad[], dice: Dice): OrderAbroad | undefined {
  return orders.length === 0 ? undefined : dice.pick(orders);
}
