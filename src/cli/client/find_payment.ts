/**
 * Finds a payment that a person named.
 */
import type { Member } from "../../client/member.ts";
import type { OrderOutcome } from "../../client/payment/order_outcome.ts";
import { answerWith, type Outcome, type Refusal, refuse } from "../../protocol/request_type.ts";
import type { PaymentReference } from "./payment_reference.ts";

/**
 * Returns the id of a payment. For an entry's number it asks the server.
 *
 * @returns refused with 400 when the entry is not the member's
 */
export async function resolveId(
  payment: PaymentReference,
  member: Member,
): Promise<Outcome<{ readonly id: string }>> {
  if ("id" in payment) return answerWith({ id: payment.id });
  const found = await member.entry(payment.entry);
  return found.outcome === "refused" ? found : answerWith({ id: found.receipt.payload.id });
}

/**
 * Returns the refusal of a refund whose entry is not the member's. It is the same as for a missing
 * payment.
 */
export function refusedReference(refusal: Refusal): Refusal {
  return refusal.code === 400 ? refuse(268) : refusal;
}

/** Asks the server for the outcome of a payment. */
export function findPayment(payment: PaymentReference, member: Member): Promise<OrderOutcome> {
  return "id" in payment ? member.status(payment.id) : member.entry(payment.entry);
}
