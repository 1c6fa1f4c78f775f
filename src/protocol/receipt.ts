/**
 * The receipt: the server's signed statement that it booked an order. Anybody with the CA
 * certificate and the order can verify it without the server.
 */
import * as v from "valibot";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import {
  type Entry,
  type EntryContents,
  type EntryKind,
  entryKinds,
  entryLeaf,
  issuingAccount,
} from "../ledger/entry.ts";
import { orderBytesMax } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import {
  type CertificateChain,
  joinDocument,
  readDocument,
  signDocument,
  verifyDocument,
} from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Validity } from "../pki/x509/validity.ts";
import { check } from "./request_type.ts";
import type { Order, SignedOrder } from "./order.ts";
import { judgeOrder } from "./order_validity.ts";
import {
  amountShape,
  digestShape,
  entryNumberShape,
  entrySideShape,
  instantShape,
  orderIdShape,
  signatureShape,
} from "./shapes.ts";

const typ = "micropay-receipt";

const receiptShape = v.strictObject({
  /** The ledger: the SHA-256 fingerprint of its CA certificate. */
  ledger: digestShape,
  /** The entry's number. */
  entry: entryNumberShape,
  id: orderIdShape,
  kind: v.picklist(entryKinds),
  /** The id of the payment that a refund gives back. */
  refunds: v.optional(orderIdShape),
  /** The SHA-256 of the order's compact JWS. */
  order: digestShape,
  payer: entrySideShape,
  payee: entrySideShape,
  amount: amountShape,
  /** When it was booked. */
  at: instantShape,
  /** The entry's leaf in the Merkle tree of the ledger. */
  leaf: digestShape,
  /** The ledger's head after this entry: the root of the tree of `entry` leaves. */
  head: digestShape,
});

/** The members of a receipt. `at` is ISO 8601 in UTC with milliseconds. */
export type Receipt = v.InferOutput<typeof receiptShape>;

/**
 * A receipt in a message: the members that its order does not give, and the third part of its
 * compact JWS. The receiver has the order and the server's certificate.
 */
export const packedReceiptShape = v.strictObject({
  entry: entryNumberShape,
  kind: v.picklist(entryKinds),
  at: instantShape,
  head: digestShape,
  signature: signatureShape,
});
export type PackedReceipt = v.InferOutput<typeof packedReceiptShape>;

/** A verified receipt. Only {@link verifyReceipt} and {@link signReceipt} make one. */
export interface SignedReceipt {
  /** The compact JWS, unchanged. */
  readonly text: string;
  readonly payload: Receipt;
  /** 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /** The server's certificate. */
  readonly signer: VerifiedCertificate;
}

/**
 * Signs the receipt of an entry. Ed25519 is deterministic, so an entry has one receipt as long as
 * the server keeps its certificate.
 *
 * @param options.identity the server's
 */
export function signReceipt(
  entry: Entry,
  { identity, anchor }: { identity: Identity; anchor: TrustAnchor },
): SignedReceipt {
  const payload = receiptOf(entry, { ledgerId: anchor.fingerprint });
  const { signingKey, leaf, certificate: signer } = identity;
  const text = signDocument(typ, payload, { signingKey, chain: leaf });
  const signature = decodeBase64UrlStrict(text.slice(text.lastIndexOf(".") + 1))!;
  return { text, payload, signature, signer };
}

/** What a receipt says about its entry. */
type BookedEntry = EntryContents & Pick<Entry, "leaf" | "head">;

/** Returns a receipt's members in their fixed order. */
function receiptOf(entry: BookedEntry, { ledgerId }: { readonly ledgerId: string }): Receipt {
  return {
    ledger: ledgerId,
    entry: entry.number,
    id: entry.id,
    kind: entry.kind,
    ...(entry.refunds !== undefined && { refunds: entry.refunds }),
    order: entry.orderDigest,
    payer: entry.payer,
    payee: entry.payee,
    amount: entry.amount,
    at: new Date(entry.atMs).toISOString(),
    leaf: entry.leaf,
    head: entry.head,
  };
}

/**
 * Returns the text of the receipt that {@link signReceipt} made for an entry.
 *
 * @param options.ledgerId the ledger of the entry
 * @param options.signature 64 bytes
 * @param options.chain the certificate of the server that signed it
 */
export function joinReceipt(
  entry: BookedEntry,
  { ledgerId, signature, chain }: {
    readonly ledgerId: string;
    readonly signature: Uint8Array<ArrayBuffer>;
    readonly chain: CertificateChain;
  },
): string {
  return joinDocument(typ, receiptOf(entry, { ledgerId }), { signature, chain });
}

/** Encodes a receipt for a message. */
export function packReceipt({ payload, signature }: SignedReceipt): PackedReceipt {
  const { entry, kind, at, head } = payload;
  return { entry, kind, at, head, signature: encodeBase64Url(signature) };
}

/**
 * Returns the text of a receipt that came in a message. It is not verified.
 *
 * @param order the order that the receipt is for
 * @param options.serverChain the server's certificate, from the greeting of the connection
 */
export function unpackReceipt(
  packed: PackedReceipt,
  order: OrderOfReceipt,
  { serverChain: chain }: { readonly serverChain: CertificateChain },
): string {
  const contents = entryOf(packed, order);
  const entry = { ...contents, leaf: entryLeaf(contents), head: packed.head };
  const signature = decodeBase64UrlStrict(packed.signature)!;
  return joinReceipt(entry, { ledgerId: order.payload.ledger, signature, chain });
}

/**
 * Reads and verifies a receipt: its form and members, the server's certificate, the signature and
 * the ledger. The result does not depend on the clock, because a booking outlives the certificate.
 *
 * @param text the compact JWS
 * @throws {EnvelopeError} when the form, the signature, the time or the ledger is wrong
 * @throws {CertificateError} when the certificate is not a server's, or was not valid then
 * @throws {ProtocolError} when the members are not a receipt's
 */
export function verifyReceipt(text: string, { anchor }: { anchor: TrustAnchor }): SignedReceipt {
  if (text.length > orderBytesMax) throw new EnvelopeError("read a receipt: it is too long");
  const document = readDocument(text, { typ, chain: "single" });
  const payload = check(receiptShape, document.payload, "read a receipt");
  const atMs = ({ notBeforeMs }: Validity) => signedAtMs(payload, notBeforeMs);
  const signer = verifyChain(document.chain!, { anchor, role: "server", atMs });
  verifyDocument(document, signer.publicKey);
  if (payload.ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`check a receipt: it is of the ledger ${payload.ledger}`);
  }
  // A later certificate may sign for an earlier time, but no ledger is older than its CA.
  if (Date.parse(payload.at) < anchor.notBeforeMs) {
    throw new EnvelopeError(`check the receipt of ${payload.id}: its time is before its CA's`);
  }
  return { text, payload, signature: document.signature, signer };
}

/**
 * Throws unless a receipt is for this order: both have the same terms and digest, the kind fits,
 * the leaf covers exactly what both say, and the order was valid when it was booked.
 *
 * @throws {EnvelopeError} naming the difference
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
  if (receipt.leaf !== entryLeaf(entryOf(receipt, order))) refuse("its leaf is of another entry");
}

type OrderOfReceipt = Pick<SignedOrder, "payload" | "digest">;

/** Returns what the entry of an order must say. */
function entryOf(
  { entry: number, at, kind }: Pick<Receipt, "entry" | "at" | "kind">,
  { payload, digest }: OrderOfReceipt,
): EntryContents {
  const { id, payer, payee, amount, memo, refunds } = payload;
  const terms = {
    ...{ id, kind, payer, payee, amount },
    ...(memo !== undefined && { memo }),
    ...(refunds !== undefined && { refunds }),
  };
  return { ...terms, number, orderDigest: digest, atMs: Date.parse(at) };
}

function isKindOf(kind: EntryKind, { payer, payee, refunds }: Order): boolean {
  if (refunds !== undefined) return kind === "refund";
  if (payer === issuingAccount) return kind === "opening" || kind === "deposit";
  return kind === (payee === issuingAccount ? "withdrawal" : "payment");
}

/**
 * Returns the earliest time at which the server can have signed a receipt: the booking, or the
 * later start of its certificate. Each request for a receipt signs it again, with the current
 * certificate.
 */
function signedAtMs({ at }: Receipt, notBeforeMs: number): number {
  return Math.max(Date.parse(at), notBeforeMs);
}
