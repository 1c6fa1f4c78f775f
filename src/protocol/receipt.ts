/**
 * The receipt: the server's signed statement that an order was booked. It stands alone: with the CA's certificate and the order
 * anybody can check it without the server.
 */
import * as v from "valibot";
import { EnvelopeError } from "../errors.ts";
import { type Entry, entryKinds, orderDigest } from "../ledger/entry.ts";
import { orderBytesMax } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { readDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Validity } from "../pki/x509/validity.ts";
import { check } from "./exchange.ts";
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

export interface VerifiedReceipt {
  readonly receipt: Receipt;
  /** The server's. */
  readonly certificate: VerifiedCertificate;
  readonly jws: string;
}

/** The receipt of an entry. Ed25519 signatures are deterministic: one entry has one receipt, whenever it is asked for. */
export function signReceipt(
  entry: Entry,
  { identity, anchor }: { identity: Identity; anchor: TrustAnchor },
): string {
  const receipt: Receipt = {
    ledger: anchor.fingerprint,
    entry: entry.number,
    id: entry.id,
    kind: entry.kind,
    ...(entry.refunds !== undefined && { refunds: entry.refunds }),
    order: orderDigest(entry.orderJws),
    payer: entry.payer,
    payee: entry.payee,
    amount: entry.amount,
    at: new Date(entry.atMs).toISOString(),
    head: entry.hash,
  };
  const { signingKey, leaf } = identity;
  return signDocument("micropay-receipt", receipt, { signingKey, chain: leaf });
}

/**
 * Checks that a receipt is the server's: form, certificate, signature, ledger. The same at any time: no clock is asked, because a
 * payment stays made when a certificate ends.
 *
 * @throws {EnvelopeError} when any of it does not hold
 * @throws {CertificateError} when the certificate is not a good server's
 * @throws {ProtocolError} when the contents are not a receipt's
 */
export function verifyReceipt(jws: string, { anchor }: { anchor: TrustAnchor }): VerifiedReceipt {
  if (jws.length > orderBytesMax) throw new EnvelopeError("read a receipt: it is too long");
  const document = readDocument(jws, { typ: "micropay-receipt", chain: "single" });
  const receipt = check(receiptShape, document.payload, "read a receipt");
  const atMs = ({ notBeforeMs }: Validity) => signedAtMs(receipt, notBeforeMs);
  const certificate = verifyChain(document.chain!, { anchor, role: "server", atMs });
  verifyDocument(document, certificate.publicKey);
  if (receipt.ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`check a receipt: it is of the ledger ${receipt.ledger}`);
  }
  // A later certificate may vouch for an earlier time, and the ledger is no older than its CA.
  if (Date.parse(receipt.at) < anchor.notBeforeMs) {
    throw new EnvelopeError(`check the receipt of ${receipt.id}: its time is before its CA's`);
  }
  return { receipt, certificate, jws };
}

/**
 * The earliest time at which the server can have signed a receipt: when the entry was booked, or when the certificate began, which
 * may be later. A receipt is made again whenever somebody asks for it, under the certificate of that day.
 */
function signedAtMs({ at, id }: Receipt, notBeforeMs: number): number {
  const bookedAtMs = Date.parse(at);
  if (Number.isNaN(bookedAtMs)) {
    throw new EnvelopeError(`check the receipt of ${id}: its time is no date`);
  }
  return Math.max(bookedAtMs, notBeforeMs);
}
