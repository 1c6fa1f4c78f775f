/**
 * The same refund again: what became of the one that was sent before decides whether anything is given back now.
 */
import type { AccountName } from "../../account_name.ts";
import type { Amount } from "../../money.ts";
import { codes } from "../../protocol/code.ts";
import { type Refusal, refuse } from "../../protocol/exchange.ts";
import type { Order } from "../../protocol/order.ts";
import { handToServer, untilAborted } from "./handing_over.ts";
import type { MemberContext } from "../member_context.ts";
import type { PayOptions } from "./payment.ts";
import { askStatus, type Paid } from "./payment_result.ts";
import { hasTerms, inDoubt, recorded, type SentOrder } from "./sent_order.ts";
import { type Settled, settleOutbox } from "./settlement.ts";

export interface RefundTerms {
  /** The payment's id. */
  readonly id: string;
  /** All that is left of it when absent. */
  readonly amount?: Amount | undefined;
  readonly memo?: string | undefined;
  /** The refund's own id, given to try an earlier refund again: it is booked at most once. */
  readonly refundId?: string | undefined;
}

export interface RefundOptions extends PayOptions {
  /** Told of what else was in doubt, as {@link settleOutbox} tells it. */
  readonly onSettled?: ((settled: Settled) => void) | undefined;
}

/** Whether it is for all that is left: then one that was booked before is the same only when nothing is left after it. */
export function isForTheRest({ amount, refundId }: RefundTerms): boolean {
  return amount === undefined && refundId === undefined;
}

/** Whether a refund with these terms is this one again, told by its id where it has one. */
export function isRepeated(order: Order, { id, amount, refundId }: RefundTerms): boolean {
  if (refundId !== undefined) return order.id === refundId;
  return order.refunds === id && (amount === undefined || order.amount === amount);
}

/**
 * Settles the outbox until it is known what became of the same refund.
 *
 * @returns those that are the same; of all others `onSettled` is told
 */
export async function settleRepeated(
  terms: RefundTerms,
  member: MemberContext,
  { signal, onSettled }: RefundOptions,
): Promise<Settled[]> {
  const repeated: Settled[] = [];
  for await (const settled of settleOutbox(member)) {
    // Whoever stopped waiting is told nothing more.
    if (signal?.aborted) break;
    if (!isRepeated(settled.item.order, terms)) {
      onSettled?.(settled);
      continue;
    }
    repeated.push(settled);
    // Its record is gone: what is asked now must not come between that and whoever has to be told.
    if (settled.outcome === "done" && !isForTheRest(terms)) break;
  }
  return repeated;
}

/**
 * What a refund that was sent before comes to. One that can still be booked is sent again as it was, which is harmless.
 *
 * @returns `undefined` when it is not booked and never will be
 * @throws {UnknownOutcomeError} when that could not be found out; it stays in the outbox
 */
export async function repeat(
  settled: Settled,
  terms: RefundTerms,
  { member, signal }: { readonly member: MemberContext } & RefundOptions,
): Promise<Paid | Refusal | undefined> {
  const { order, jws } = settled.item;
  switch (settled.outcome) {
    case "done":
      return isRefund(settled.paid, terms, member) ? settled.paid : refuse(266);
    case "not_done":
      return undefined;
    case "unknown":
      throw inDoubt(order, { cause: settled.error, said: " before" });
    case "open": {
      // Without an id of its own it is the same whatever its note says: better one refund with the first note than two.
      const { memo } = terms.refundId === undefined ? order : terms;
      const wanted = { payee: order.payee, amount: terms.amount ?? order.amount, memo };
      if (!hasTerms(order, { ...wanted, refunds: terms.id })) return refuse(266);
      const result = await sendRefund({ ...order, jws }, member, { signal });
      if (result.outcome === "refused" && codes[result.code].tryAgain) {
        throw inDoubt(order, { said: " before, and the server books nothing just now" });
      }
      return result;
    }
  }
}

/** Hands a refund that is recorded to the server. */
export async function sendRefund(
  order: SentOrder,
  member: MemberContext,
  { signal }: RefundOptions,
): Promise<Paid | Refusal> {
  return await recorded(order, member, () => {
    const stopped = () => inDoubt(order, { said: ", waiting was interrupted" });
    return untilAborted(handToServer(order, member), signal, stopped);
  });
}

/** @returns what became of an id that is used again, or `undefined` when it was never booked */
export async function earlierRefund(
  refundId: string,
  terms: RefundTerms,
  member: MemberContext,
): Promise<Paid | Refusal | undefined> {
  const paid = await askStatus(refundId, member);
  if (paid.outcome === "refused") return paid.code === 400 ? undefined : paid;
  return isRefund(paid, terms, member) ? paid : refuse(266);
}

function isRefund(
  { receipt }: Paid,
  { id, amount }: RefundTerms,
  { name }: { readonly name: AccountName },
): boolean {
  return receipt.refunds === id && receipt.payer === name &&
    (amount === undefined || receipt.amount === amount);
}
