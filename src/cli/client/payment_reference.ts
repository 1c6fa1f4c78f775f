/**
 * The two names of a payment: its number in the ledger, and its id.
 */
import type { PaymentReference } from "../../client/wallet/wallet_store.ts";
import { isOrderId } from "../../random.ts";

export type { PaymentReference };

export const paymentReferenceRule =
  "a payment is an entry's number, from 1, or an order's id, a UUID of version 7 or 8";

export function parsePaymentReference(text: string): PaymentReference | undefined {
  const id = text.toLowerCase();
  if (isOrderId(id)) return { id };
  const entry = Number(text);
  const isNumber = /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(entry);
  return isNumber ? { entry } : undefined;
}

export function referenceText(payment: PaymentReference): string {
  return "entry" in payment ? `entry ${payment.entry}` : payment.id;
}
