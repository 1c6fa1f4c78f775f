/**
 * Checking a receipt with the CA's certificate alone. The payer and the payee do it, and anybody at
 * any later time.
 */
import { pemToDer } from "../pki/pem.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "../pki/trust_anchor.ts";
import { type SignedOrder, verifyOrder } from "../protocol/order.ts";
import { requireReceiptFor, type SignedReceipt, verifyReceipt } from "../protocol/receipt.ts";

export interface CheckedReceipt {
  readonly receipt: SignedReceipt;
  /** The payer's order, where it was there to be checked as well. */
  readonly order: SignedOrder | undefined;
}

/**
 * Checks that the server signed a receipt. With the order, it also checks that its payer signed it
 * and that the receipt is for it. Certificates must have been valid at the time in the receipt, not
 * now: a payment stays made when a certificate ends.
 *
 * @param receiptText the receipt's compact JWS
 * @param orderText the order's compact JWS, if there is one
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when a check fails
 */
export function checkReceipt(
  receiptText: string,
  orderText: string | undefined,
  { anchor }: { anchor: TrustAnchor },
): CheckedReceipt {
  const receipt = verifyReceipt(receiptText, { anchor });
  if (orderText === undefined) return { receipt, order: undefined };
  const order = verifyOrder(orderText, { anchor });
  requireReceiptFor(order, receipt);
  return { receipt, order };
}

/**
 * Reads the CA that receipts are checked with. It may have expired: the certificates that it issued
 * must be from its time.
 *
 * @throws {CertificateError} when it is not a CA's certificate
 */
export function readReceiptAnchor(pem: string): TrustAnchor {
  return readTrustAnchorOfAnyDate(pemToDer(pem, "CERTIFICATE"));
}
