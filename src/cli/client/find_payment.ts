/**
 * A payment that a person named, asked for at the server.
 */
import type { Member } from "../../client/member.ts";
import type { OrderOutcome } from "../../client/payment/order_outcome.ts";
import { answered, type Outcome, type Refusal, refuse } from "../../protocol/exchange.ts";
import type { PaymentReference } from "./payment_reference.ts";

/**
 * The id of a payment that was named. One question to the server when it was by number.
 *
 * @returns refused with 400 when the entry is none of the member's
 */
export async function resolveId(
  payment: PaymentReference,
  member: Member,
): Promise<Outcome<{ readonly id: string }>> {
  if ("id" in payment) return answered({ id: payment.id });
  const found = await member.entry(payment.entry);
  return found.outcome === "refused" ? found : answered({ id: found.receipt.id });
}

/** A refund of an entry that is none of the member's is refused as one of a payment that is not there. */
export function refusedReference(refusal: Refusal): Refusal {
  return refusal.code === 400 ? refuse(268) : refusal;
}

/** Finds out what became of a payment that was named, with one question to the server. */
export function findPayment(payment: PaymentReference, member: Member): Promise<OrderOutcome> {
  return "id" in payment ? member.status(payment.id) : member.entry(payment.entry);
}
