/**
 * Checking a receipt without the server: with the CA's certificate alone, by anybody, at any time later.
 */
import { EnvelopeError } from "../../errors.ts";
import { type EntryKind, issuingAccount, orderDigest } from "../../ledger/entry.ts";
import { pemToDer } from "../../pki/pem.ts";
import { readDocument } from "../../pki/signed_document.ts";
import { readTrustAnchorOfAnyDate, type TrustAnchor } from "../../pki/trust_anchor.ts";
import { leafCodec } from "../../pki/x509/certificate.ts";
import { readStructure } from "../../pki/x509/signed_structure.ts";
import { type Order, verifyOrder } from "../../protocol/order.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { type Receipt, verifyReceipt } from "../../protocol/receipt.ts";

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
  const { receipt } = await verifyReceipt(receiptJws, { anchor, atMs: signedAtMs(receiptJws) });
  const bookedAtMs = Date.parse(receipt.at);
  if (Number.isNaN(bookedAtMs)) {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: its time is no date`);
  }
  if (orderJws === undefined) return { receipt, order: undefined };
  const verified = await verifyOrder(orderJws, { anchor });
  const { order } = verified;
  const fault = judgeOrder(verified, { atMs: bookedAtMs });
  if (fault) {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: its order ${fault.reason}`);
  }
  const differing = (["id", "from", "to", "amount", "refunds"] as const)
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
 * The CA that receipts are checked with, whether or not it is still valid: what is signed has to be from its time.
 *
 * @throws {CertificateError} when it is not a CA's certificate
 */
export async function readReceiptAnchor(pem: string): Promise<TrustAnchor> {
  return await readTrustAnchorOfAnyDate(pemToDer(pem, "CERTIFICATE"));
}

/**
 * The earliest time at which the server can have signed a receipt that claims what this one does: when it was booked, or when the
 * certificate began, which may be later. A receipt is made again whenever somebody asks for it, under the certificate of that day.
 */
function signedAtMs(receiptJws: string): number {
  const { payload, chain } = readDocument(receiptJws, {
    typ: "micropay-receipt",
    chain: "single",
  });
  const { notBeforeMs } = readStructure(chain![0]!, leafCodec).contents;
  const bookedAtMs = typeof payload.at === "string" ? Date.parse(payload.at) : NaN;
  // What is no date is refused with the receipt's other members.
  return Math.max(notBeforeMs, Number.isNaN(bookedAtMs) ? notBeforeMs : bookedAtMs);
}

function isKindOf(kind: EntryKind, { from, to, refunds }: Order): boolean {
  if (refunds !== undefined) return kind === "refund";
  if (from === issuingAccount) return kind === "opening" || kind === "deposit";
  return kind === (to === issuingAccount ? "withdrawal" : "payment");
}
