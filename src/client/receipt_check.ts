/**
 * Checking a receipt without the server: with the CA's certificate alone, by anybody, at any time later.
 */
import { EnvelopeError } from "../errors.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { type Order, verifyOrder } from "../protocol/order.ts";
import { orderDigest, type Receipt, verifyReceipt } from "../protocol/receipt.ts";
import { claimedTimeMs } from "./ledger_audit.ts";

export interface CheckedReceipt {
  readonly receipt: Receipt;
  /** The payer's order, where it was there to be checked as well. */
  readonly order: Order | undefined;
}

/**
 * Checks that the server signed the receipt; with the order also that the payer signed it and that both say the same. Certificates have to
 * have been valid at the time that the receipt says, not now: a payment stays made when a certificate ends.
 *
 * @param orderJws the order, where there is one
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when anything does not hold
 */
export async function checkReceipt(
  receiptJws: string,
  orderJws: string | undefined,
  { anchor }: { anchor: TrustAnchor },
): Promise<CheckedReceipt> {
  const atMs = claimedTimeMs(receiptJws);
  const { receipt } = await verifyReceipt(receiptJws, { anchor, atMs });
  if (orderJws === undefined) return { receipt, order: undefined };
  const { order } = await verifyOrder(orderJws, { anchor, atMs });
  const agrees = receipt.order === orderDigest(orderJws) && receipt.id === order.id &&
    receipt.from === order.from && receipt.to === order.to && receipt.amount === order.amount &&
    receipt.refunds === order.refunds;
  if (!agrees) {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: its order says otherwise`);
  }
  return { receipt, order };
}
