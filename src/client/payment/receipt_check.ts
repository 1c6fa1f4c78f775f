/**
 * Checking a receipt with the CA's certificate alone: the payer and the payee do it, and anybody at
 * any time later.
 */
import { EnvelopeError } from "../../errors.ts";
import { type EntryKind, issuingAccount, orderDigest } from "../../ledger/entry.ts";
import { pemToDer } from "../../pki/pem.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "../../pki/trust_anchor.ts";
import { type Order, verifyOrder } from "../../protocol/order.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { type Receipt, verifyReceipt } from "../../protocol/receipt.ts";

export interface CheckedReceipt {
  readonly receipt: Receipt;
  /** The payer's order, where it was there to be checked as well. */
  readonly order: Order | undefined;
}

/**
 * Checks that the server signed the receipt; with the order also that the payer signed it and that
 * both say the same. Certificates have to have been valid at the time that the receipt says, not
 * now: a payment stays made when a certificate ends.
 *
 * @param orderJws the order, where there is one
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when anything does not hold
 */
export function checkReceipt(
  receiptJws: string,
  orderJws: string | undefined,
  { anchor }: { anchor: TrustAnchor },
): CheckedReceipt {
  const { receipt } = verifyReceipt(receiptJws, { anchor });
  if (orderJws === undefined) return { receipt, order: undefined };
  const verified = verifyOrder(orderJws, { anchor });
  const { order } = verified;
  const fault = judgeOrder(verified, { atMs: Date.parse(receipt.at) });
  if (fault) {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: its order ${fault.reason}`);
  }
  const differing = (["id", "payer", "payee", "amount", "refunds"] as const)
    .find((member) => receipt[member] !== order[member]);
  if (differing !== undefined) {
    throw new EnvelopeError(
      `check the receipt of ${receipt.id}: its order has another ${differing}`,
    );
  }
  if (receipt.order !== orderDigest(orderJws) || !isKindOf(receipt.kind, order)) {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: it is for another order`);
  }
  return { receipt, order };
}

/**
 * The CA that receipts are checked with, whether or not it is still valid: what is signed has to be
 * from its time.
 *
 * @throws {CertificateError} when it is not a CA's certificate
 */
export function readReceiptAnchor(pem: string): TrustAnchor {
  return readTrustAnchorOfAnyDate(pemToDer(pem, "CERTIFICATE"));
}

function isKindOf(kind: EntryKind, { payer, payee, refunds }: Order): boolean {
  if (refunds !== undefined) return kind === "refund";
  if (payer === issuingAccount) return kind === "opening" || kind === "deposit";
  return kind === (payee === issuingAccount ? "withdrawal" : "payment");
}
