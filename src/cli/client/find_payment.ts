/**
 * Finds a payment that a person named.
 */
import type { Member } from "../../client/member.ts";
import type { OrderOutcome } from "../../client/payment/order_outcome.ts";
import { answerWith, type Outcome, refuse } from "../../protocol/request_type.ts";
import type { PaymentReference } from "./payment_reference.ts";

/** @returns the id of a payment to give back; refused with 268 when it is not the member's entry */
export async function resolveRefunded(
  payment: PaymentReference,
  member: Member,
): Promise<Outcome<{ readonly id: string }>> {
  if ("id" in payment) return answerWith({ id: payment.id });
  const found = await member.entry(payment.entry);
  if (found.outcome === "paid") return answerWith({ id: found.receipt.payload.id });
  return found.code === 400 ? refuse(268) : found;
}

export function findPayment(payment: PaymentReference, member: Member): Promise<OrderOutcome> {
  return "id" in payment ? member.status(payment.id) : member.entry(payment.entry);
}
