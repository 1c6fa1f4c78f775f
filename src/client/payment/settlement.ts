/**
 * Finding out what became of the payments that were left in doubt.
 */
import { MicropayError } from "../../errors.ts";
import { orderDigest } from "../../ledger/entry.ts";
import type { MemberContext } from "../member_context.ts";
import type { OpenOrder } from "../wallet/wallet_store.ts";
import { askStatus, isSamePayment, type Paid, proven } from "./payment_result.ts";

/** One payment that was in doubt. */
export type Settled =
  & { readonly item: OpenOrder }
  & (
    /** Booked; the receipt is stored, here or by the terminal that the same payment was made from at the same time. */
    | { readonly outcome: "done"; readonly paid: Paid }
    /** Not booked, and never will be. */
    | { readonly outcome: "not_done" }
    /** Not booked, but it may still be until the order expires. */
    | { readonly outcome: "open" }
    /** It could not be found out. */
    | { readonly outcome: "unknown"; readonly error: MicropayError }
  );

/**
 * Whether an order has expired at this time, by the server's clock as far as it is known here. That it is not booked is true for good only once
 * the server has made it void (`askStatus`).
 */
export function isOver({ order }: OpenOrder, { nowMs }: { nowMs: number }): boolean {
  return nowMs >= order.exp * 1000;
}

/**
 * Asks the server about every order in the outbox that is in doubt and takes those out that are decided. Of one that the server has
 * refused nothing is said, unless it was booked all the same: its payer was told. It is asked about once it has expired.
 *
 * Does not throw what goes wrong with the server: the first failure leaves this payment and all others as they are.
 *
 * @throws {FileError} when the outbox cannot be read
 */
export async function* settleOutbox(member: MemberContext): AsyncGenerator<Settled> {
  let failure: MicropayError | undefined;
  for (const id of await member.outbox.ids()) {
    const item = await member.outbox.get(id);
    if (!item || (item.state === "refused" && !isOver(item, { nowMs: member.link.nowMs() }))) {
      continue;
    }
    const settled: Settled = failure
      ? { item, outcome: "unknown", error: failure }
      : await settle(item, member);
    if (settled.outcome === "unknown") failure ??= settled.error;
    if (settled.outcome === "done" || item.state !== "refused") yield settled;
  }
}

async function settle(item: OpenOrder, member: MemberContext): Promise<Settled> {
  const { order, jws } = item;
  const record = { id: order.id, jws };
  const voiding = isOver(item, { nowMs: member.link.nowMs() }) ? jws : undefined;
  try {
    const status = await askStatus(order.id, member, { voiding });
    if (status.outcome === "paid") {
      const { receipt, receiptJws } = status;
      const isThis = receipt.order === orderDigest(jws);
      const paid = isThis ? await proven(receiptJws, { ...order, jws }, member) : status;
      await member.outbox.remove(record);
      // Paid under this id from another terminal at the same time; or the id belongs to another payment, for good.
      const isPaid = isThis || isSamePayment(receipt, order);
      return isPaid ? { item, outcome: "done", paid } : { item, outcome: "not_done" };
    }
    if (status.code !== 400 || voiding === undefined) return { item, outcome: "open" };
    await member.outbox.remove(record);
    return { item, outcome: "not_done" };
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    return { item, outcome: "unknown", error };
  }
}
