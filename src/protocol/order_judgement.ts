/**
 * Whether an order that is genuine may be booked at this time. Pure: what the ledger says comes after.
 */
import { orderFutureMsMax, orderLifetimeMsMax } from "../limits.ts";
import { type Refusal, refuse } from "./exchange.ts";
import type { Order } from "./order.ts";

/** @returns why not, or `undefined` when nothing speaks against it */
export function judgeOrder(
  { from, to, iat, exp }: Pick<Order, "from" | "to" | "iat" | "exp">,
  { nowMs }: { nowMs: number },
): Refusal | undefined {
  if (from === to) return refuse(280);
  if (exp <= iat || (exp - iat) * 1000 > orderLifetimeMsMax) return refuse(261);
  if (exp * 1000 <= nowMs) return refuse(265);
  // Made in our future: a clock is wrong, and booking it would let it live longer than its payer meant.
  if (iat * 1000 > nowMs + orderFutureMsMax) return refuse(261);
  return undefined;
}
