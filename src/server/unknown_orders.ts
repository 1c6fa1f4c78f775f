/**
 * Orders that somebody asked about and the server did not know, with what its clock said then. Who asks after an order has expired is told
 * for good that it is not booked, and that stays true when the clock is set back and the order could be booked once more.
 *
 * Kept in memory: a restart and a clock that is set back, both within the time between, are what is left.
 */
import { unknownOrdersMax } from "../limits.ts";
import type { Order } from "../protocol/order.ts";

export class UnknownOrders {
  /** By id; the one that was asked about longest ago first. */
  readonly #toldMs = new Map<string, number>();

  /** Somebody is told that there is no order with this id. */
  tell(id: string, { nowMs }: { nowMs: number }): void {
    this.#toldMs.delete(id);
    this.#toldMs.set(id, nowMs);
    if (this.#toldMs.size <= unknownOrdersMax) return;
    const [oldest] = this.#toldMs.keys();
    this.#toldMs.delete(oldest!);
  }

  /** Whether an order had expired when it was last asked about. */
  wasOver({ id, exp }: Pick<Order, "id" | "exp">): boolean {
    const toldMs = this.#toldMs.get(id);
    return toldMs !== undefined && exp * 1000 <= toldMs;
  }
}
