/**
 * The order: the payer's signed instruction to pay. Anybody who has the CA's certificate can check
 * it.
 */
import * as v from "valibot";
import { decodeBase64UrlStrict } from "../base64.ts";
import { type Clock, nowSeconds } from "../clock.ts";
import { EnvelopeError, LedgerError } from "../errors.ts";
import {
  type Booking,
  type EntryContents,
  type EntrySide,
  issuingAccount,
  orderDigest,
  type OrderParts,
} from "../ledger/entry.ts";
import { orderBytesMax, orderLifetimeMs } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { type Party, sameParty } from "../pki/party.ts";
import {
  type CertificateChain,
  joinDocument,
  readDocument,
  signDocument,
  verifyDocument,
} from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { unpackDocument } from "./packed_document.ts";
import { type CarriedRequest, carriedRequest } from "./payment_request.ts";
import { check } from "./request_type.ts";
import {
  amountShape,
  compactJwsShape,
  digestShape,
  entrySideShape,
  memoShape,
  orderIdShape,
  secondsShape,
} from "./shapes.ts";

const typ = "micropay-order";

const orderShape = v.strictObject({
  /** Made by the payer before it sends anything. Booked at most once. */
  id: orderIdShape,
  /** The ledger: the SHA-256 fingerprint of its CA certificate. */
  ledger: digestShape,
  /** The payer. If a side is the issuing account, the server signs the order. */
  payer: entrySideShape,
  payee: entrySideShape,
  amount: amountShape,
  memo: v.optional(memoShape),
  /** The id of the payment that a refund gives back, in full or in part. */
  refunds: v.optional(orderIdShape),
  /** The payment request that it pays: the compact JWS by the payee. */
  request: v.optional(compactJwsShape),
  /** When it was made, by the server's clock as known to the payer. */
  iat: secondsShape,
  /** From this second on it cannot be booked. */
  exp: secondsShape,
});

/** The members of an order. Times are seconds since the epoch, amounts whole units. */
export type Order = v.InferOutput<typeof orderShape>;

/**
 * A verified order. Only {@link verifyOrder} and {@link signOrder} make one. `judgeOrder` tells
 * whether it is valid at a time.
 */
export interface SignedOrder {
  /** The compact JWS, unchanged. */
  readonly text: string;
  /** The SHA-256 of the text, 64 hex digits. */
  readonly digest: string;
  readonly payload: Order;
  /** What is in its member `request`. */
  readonly request: CarriedRequest;
  /** 64 bytes. */
  readonly signature: Uint8Array<ArrayBuffer>;
  /**
   * The certificate of the payer, or of the server when a side is the issuing account. The ledger
   * knows whether it is still current.
   */
  readonly signer: VerifiedCertificate;
}

export interface OrderTerms {
  readonly id: string;
  readonly payer: EntrySide;
  readonly payee: EntrySide;
  readonly amount: Order["amount"];
  readonly memo?: string | undefined;
  readonly refunds?: string | undefined;
  readonly request?: string | undefined;
}

/**
 * Signs an order that can be booked for `orderLifetimeMs` from now.
 *
 * @param options.identity the payer's, or the server's when a side is the issuing account
 * @param options.replaces a void order under the same id. A new one of the same second could have
 * the same text, and so be void too. Therefore it expires a second later
 */
export function signOrder(
  terms: OrderTerms,
  { identity, anchor, clock, replaces }: {
    identity: Identity;
    anchor: TrustAnchor;
    clock: Pick<Clock, "nowMs">;
    replaces?: SignedOrder | undefined;
  },
): SignedOrder {
  const iat = nowSeconds(clock);
  const isSameSecond = replaces?.payload.iat === iat;
  const exp = isSameSecond ? replaces.payload.exp + 1 : iat + orderLifetimeMs / 1000;
  const times = { iat, exp };
  const payload = membersOf({ ...terms, ledger: anchor.fingerprint, ...times });
  // The leaf alone, because every verifier must have the CA certificate anyway.
  const { signingKey, leaf, certificate: signer } = identity;
  const text = signDocument(typ, payload, { signingKey, chain: leaf });
  const signature = decodeBase64UrlStrict(text.slice(text.lastIndexOf(".") + 1))!;
  const request = carriedRequest(payload.request, { anchor });
  return { text, digest: orderDigest(text), payload, request, signature, signer };
}

/** What an order's members say. */
type OrderContents = OrderTerms & Pick<Order, "ledger" | "iat" | "exp">;

/** Returns an order's members in their fixed order, without those that it does not have. */
function membersOf(contents: OrderContents): Order {
  const { id, ledger, payer, payee, amount, memo, refunds, request, iat, exp } = contents;
  return {
    ...{ id, ledger, payer, payee, amount },
    ...(memo !== undefined && { memo }),
    ...(refunds !== undefined && { refunds }),
    ...(request !== undefined && { request }),
    ...{ iat, exp },
  };
}

/** Returns the booking of a verified order at a time, in milliseconds since the epoch. */
export function bookingOf(
  { digest, payload, signature, signer }: Omit<SignedOrder, "text" | "request">,
  { kind, atMs }: Pick<Booking, "kind" | "atMs">,
): Booking {
  const { id, payer, payee, amount, memo, refunds, request, iat, exp } = payload;
  const { fingerprint, publicKey, der, notBeforeMs } = signer;
  const keyFingerprint = publicKey.fingerprint;
  return {
    ...{ id, kind, payer, payee, amount },
    ...(memo !== undefined && { memo }),
    ...(refunds !== undefined && { refunds }),
    ...(request !== undefined && { request }),
    ...{ orderDigest: digest, iat, exp, signature, atMs },
    certificate: { fingerprint, der, keyFingerprint, issuedAtMs: notBeforeMs },
  };
}

/** What an entry says about its order. */
type BookedOrder = Omit<EntryContents, "number" | "kind" | "orderDigest" | "atMs"> & OrderParts;

interface OrderTextOptions {
  /** The ledger of the entry. */
  readonly ledgerId: string;
  /** The entry's certificate. The same array object gets its header encoded only once. */
  readonly chain?: CertificateChain;
}

/**
 * Returns the members of the order that was booked as an entry.
 *
 * @param options.ledgerId the ledger of the entry
 */
export function orderOf(
  entry: OrderTerms & Pick<Order, "iat" | "exp">,
  { ledgerId }: { readonly ledgerId: string },
): Order {
  return membersOf({ ...entry, ledger: ledgerId });
}

/**
 * Returns the text of the order that was booked as an entry, byte for byte: the compact JWS. It is
 * another text when somebody changed the stored entry, so see {@link requireOrderText}.
 */
export function orderText(entry: BookedOrder, options: OrderTextOptions): string {
  const { signature, certificate } = entry;
  return joinOrder(entry, { chain: [certificate.der], ...options, signature });
}

/**
 * Returns the text of an order from what an entry says.
 *
 * @param options.ledgerId the ledger of the entry
 * @param options.signature 64 bytes
 * @param options.chain the certificate of the signer
 */
export function joinOrder(
  entry: OrderTerms & Pick<Order, "iat" | "exp">,
  { ledgerId, signature, chain }: {
    readonly ledgerId: string;
    readonly signature: Uint8Array<ArrayBuffer>;
    readonly chain: CertificateChain;
  },
): string {
  return joinDocument(typ, orderOf(entry, { ledgerId }), { signature, chain });
}

/**
 * Returns the text of a stored entry's order, for somebody outside of the ledger.
 *
 * @throws {LedgerError} when the text does not have the digest that the entry names
 */
export function requireOrderText(
  entry: BookedOrder & Pick<EntryContents, "number" | "orderDigest">,
  options: OrderTextOptions,
): string {
  const text = orderText(entry, options);
  if (orderDigest(text) === entry.orderDigest) return text;
  throw new LedgerError(
    `cannot read the ledger: row ${entry.number}: its order is not the one that was booked; audit it`,
  );
}

/** Returns the whole text of an order that came in a message, see `packDocument`. */
export function unpackOrder(
  text: string,
  certificate: Pick<VerifiedCertificate, "fingerprint" | "der">,
): string {
  return unpackDocument(text, { typ, certificate });
}

/**
 * Reads and verifies an order. Verified: its form and members, its ledger, its payer's certificate
 * at its own time, and its signature. Not verified: its validity at a time, its submitter, and
 * whether it is booked. The result does not depend on the clock.
 *
 * @param text the compact JWS
 * @throws {EnvelopeError} when the form, the signature, the signer or the ledger is wrong. An order
 * has exactly one form: other white space, escapes or order of members is refused
 * @throws {CertificateError} when the certificate is wrong, or was not valid then
 * @throws {ProtocolError} when the members are not an order's
 */
export function verifyOrder(text: string, { anchor }: { anchor: TrustAnchor }): SignedOrder {
  if (text.length > orderBytesMax) throw new EnvelopeError("read an order: it is too long");
  const document = readDocument(text, { typ, chain: "single" });
  const payload = membersOf(check(orderShape, document.payload, "read an order"));
  const { signature, chain } = document;
  // An order has one text, so the ledger can store its parts.
  if (text !== joinDocument(typ, payload, document)) {
    throw new EnvelopeError(
      "read an order: its header or its payload is not written as it must be",
    );
  }
  const signer = verifySigner(payload, { anchor, chain: chain! });
  if (payload.ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`check an order: it is for the ledger ${payload.ledger}`);
  }
  verifyDocument(document, signer.publicKey);
  const request = carriedRequest(payload.request, { anchor });
  return { text, digest: orderDigest(text), payload, request, signature, signer };
}

/**
 * Verifies an order's signer, and not the signature.
 *
 * @returns the signer's certificate
 * @throws {EnvelopeError} when the order is another account's
 * @throws {CertificateError} when the certificate is wrong, or was not valid then
 */
export function verifySigner(
  order: Pick<Order, "payer" | "payee" | "iat">,
  { anchor, chain }: { readonly anchor: TrustAnchor; readonly chain: CertificateChain },
): VerifiedCertificate {
  const party = orderSigner(order);
  const signer = verifyChain(chain, { anchor, role: party.role, atMs: order.iat * 1000 });
  if (!sameParty(signer.party, party)) {
    throw new EnvelopeError("check an order: it is signed by another account than its payer");
  }
  return signer;
}

/** Returns who must sign an order: its payer, or the server when a side is the issuing account. */
export function orderSigner({ payer, payee }: Pick<Order, "payer" | "payee">): Party {
  if (payer === issuingAccount || payee === issuingAccount) return { role: "server" };
  return { role: "member", name: payer };
}
