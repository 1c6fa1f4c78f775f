/**
 * The receipt: the server's signed statement that an order was booked. Anybody who has the CA's
 * certificate and the order can check it without the server.
 */
import * as v from "valibot";
import { EnvelopeError } from "../errors.ts";
import { type Entry, type EntryKind, entryKinds, issuingAccount } from "../ledger/entry.ts";
import { orderBytesMax } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { readDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Validity } from "../pki/x509/validity.ts";
import { check } from "./exchange.ts";
import type { Order, SignedOrder } from "./order.ts";
import { judgeOrder } from "./order_validity.ts";
import {
  amountShape,
  digestShape,
  entryNumberShape,
  entryPartyShape,
  instantShape,
  orderIdShape,
} from "./shapes.ts";

const receiptShape = v.strictObject({
  /** The ledger: the SHA-256 fingerprint of its CA's certificate. */
  ledger: digestShape,
  /** The entry's number. */
  entry: entryNumberShape,
  id: orderIdShape,
  kind: v.picklist(entryKinds),
  /** Of a refund: the id of the payment that it gives back. */
  refunds: v.optional(orderIdShape),
  /** SHA-256 over the order's compact JWS. */
  order: digestShape,
  payer: entryPartyShape,
  payee: entryPartyShape,
  amount: amountShape,
  /** When it was booked. */
  at: instantShape,
  /** The ledger's head after this entry. */
  head: digestShape,
});

export type Receipt = v.InferOutput<typeof receiptShape>;

/** A receipt that the server signed. {@link verifyReceipt} and {@link signReceipt} alone make one. */
export interface SignedReceipt {
  /** The compact JWS, exactly as it came. */
  readonly text: string;
  readonly payload: Receipt;
  /** The server's certificate. */
  readonly signer: VerifiedCertificate;
}

/**
 * Signs the receipt of an entry. Ed25519 signatures are deterministic: one entry has one receipt,
 * for as long as the server has this certificate.
 *
 * @param options `identity` is the server's
 */
export function signReceipt(
  entry: Entry,
  { identity, anchor }: { identity: Identity; anchor: TrustAnchor },
): SignedReceipt {
  const payload: Receipt = {
    ledger: anchor.fingerprint,
    entry: entry.number,
    id: entry.id,
    kind: entry.kind,
    ...(entry.refunds !== undefined && { refunds: entry.refunds }),
    order: entry.orderDigest,
    payer: entry.payer,
    payee: entry.payee,
    amount: entry.amount,
    at: new Date(entry.atMs).toISOString(),
    head: entry.hash,
  };
  const { signingKey, leaf, certificate: signer } = identity;
  const text = signDocument("micropay-receipt", payload, { signingKey, chain: leaf });
  return { text, payload, signer };
}

/**
 * Reads a receipt and checks that it is the server's: form and members, certificate, signature,
 * ledger. The result is the same at any time, because a payment stays made when a certificate ends.
 *
 * @param text the compact JWS
 * @throws {EnvelopeError} when the form, the signature, the time or the ledger is wrong
 * @throws {CertificateError} when the certificate is not a server's, or was not valid then
 * @throws {ProtocolError} when the members are not a receipt's
 */
export function verifyReceipt(text: string, { anchor }: { anchor: TrustAnchor }): SignedReceipt {
  if (text.length > orderBytesMax) throw new EnvelopeError("read a receipt: it is too long");
  const document = readDocument(text, { typ: "micropay-receipt", chain: "single" });
  const payload = check(receiptShape, document.payload, "read a receipt");
  const atMs = ({ notBeforeMs }: Validity) => signedAtMs(payload, notBeforeMs);
  const signer = verifyChain(document.chain!, { anchor, role: "server", atMs });
  verifyDocument(document, signer.publicKey);
  if (payload.ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`check a receipt: it is of the ledger ${payload.ledger}`);
  }
  // A later certificate may vouch for an earlier time, and the ledger is no older than its CA.
  if (Date.parse(payload.at) < anchor.notBeforeMs) {
    throw new EnvelopeError(`check the receipt of ${payload.id}: its time is before its CA's`);
  }
  return { text, payload, signer };
}

/**
 * Checks that a receipt is for this order: that both say the same, that the receipt has the order's
 * digest and a kind that the order can have, and that the order was good when it was booked.
 *
 * @throws {EnvelopeError} when it is not
 */
export function requireReceiptFor(order: SignedOrder, { payload: receipt }: SignedReceipt): void {
  const refuse = (what: string): never => {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: ${what}`);
  };
  const fault = judgeOrder(order, { atMs: Date.parse(receipt.at) });
  if (fault) refuse(`its order ${fault.reason}`);
  const differing = (["id", "payer", "payee", "amount", "refunds"] as const)
    .find((member) => receipt[member] !== order.payload[member]);
  if (differing !== undefined) refuse(`its order has another ${differing}`);
  if (receipt.order !== order.digest || !isKindOf(receipt.kind, order.payload)) {
    refuse("it is for another order");
  }
}

function isKindOf(kind: EntryKind, { payer, payee, refunds }: Order): boolean {
  if (refunds !== undefined) return kind === "refund";
  if (payer === issuingAccount) return kind === "opening" || kind === "deposit";
  return kind === (payee === issuingAccount ? "withdrawal" : "payment");
}

/**
 * The earliest time at which the server can have signed a receipt: when it booked the entry, or when
 * its certificate began. That may be later, because each request for a receipt has it signed again,
 * under the certificate of the day.
 */
function signedAtMs({ at, id }: Receipt, notBeforeMs: number): number {
  const bookedAtMs = Date.parse(at);
  if (Number.isNaN(bookedAtMs)) {
    throw new EnvelopeError(`check the receipt of ${id}: its time is no date`);
  }
  return Math.max(bookedAtMs, notBeforeMs);
}
