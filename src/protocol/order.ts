/**
 * The order: the payer's signed instruction to pay. Anybody who has the CA's certificate can check
 * it.
 */
import * as v from "valibot";
import { type Clock, nowSeconds } from "../clock.ts";
import { EnvelopeError } from "../errors.ts";
import { type EntrySide, issuingAccount, orderDigest } from "../ledger/entry.ts";
import { orderBytesMax, orderLifetimeMs } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { type Party, sameParty } from "../pki/party.ts";
import {
  readDocument,
  signDocument,
  type UnverifiedDocument,
  verifyDocument,
} from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { check } from "./request_type.ts";
import {
  amountShape,
  digestShape,
  entrySideShape,
  memoShape,
  orderIdShape,
  secondsShape,
} from "./shapes.ts";

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
}

/**
 * Signs an order that can be booked for `orderLifetimeMs` from now.
 *
 * @param options.identity the payer's, or the server's when a side is the issuing account
 */
export function signOrder(
  terms: OrderTerms,
  { identity, anchor, clock }: {
    identity: Identity;
    anchor: TrustAnchor;
    clock: Pick<Clock, "nowMs">;
  },
): SignedOrder {
  const iat = nowSeconds(clock);
  const { id, payer, payee, amount, memo, refunds } = terms;
  const payload: Order = {
    id,
    ledger: anchor.fingerprint,
    payer,
    payee,
    amount,
    ...(memo !== undefined && { memo }),
    ...(refunds !== undefined && { refunds }),
    iat,
    exp: iat + orderLifetimeMs / 1000,
  };
  // The leaf alone, because every verifier must have the CA certificate anyway.
  const { signingKey, leaf, certificate: signer } = identity;
  const text = signDocument("micropay-order", payload, { signingKey, chain: leaf });
  return { text, digest: orderDigest(text), payload, signer };
}

/**
 * Reads and verifies an order. Verified: its form and members, its ledger, its payer's certificate
 * at its own time, and its signature. Not verified: its validity at a time, its submitter, and
 * whether it is booked. The result does not depend on the clock.
 *
 * @param text the compact JWS
 * @throws {EnvelopeError} when the form, the signature, the signer or the ledger is wrong
 * @throws {CertificateError} when the certificate is wrong, or was not valid then
 * @throws {ProtocolError} when the members are not an order's
 */
export function verifyOrder(text: string, { anchor }: { anchor: TrustAnchor }): SignedOrder {
  const { payload, document } = readOrder(text);
  const signer = verifySigner({ payload, document }, { anchor });
  verifyDocument(document, signer.publicKey);
  return { text, digest: orderDigest(text), payload, signer };
}

/** An order with verified form and members. Nothing else is verified. */
export interface UnverifiedOrder {
  readonly payload: Order;
  readonly document: UnverifiedDocument;
}

/**
 * Reads an order's form and members. The audit verifies the rest separately.
 *
 * @throws {EnvelopeError} when the text is not an order document
 * @throws {ProtocolError} when the members are not an order's
 */
export function readOrder(text: string): UnverifiedOrder {
  if (text.length > orderBytesMax) throw new EnvelopeError("read an order: it is too long");
  const document = readDocument(text, { typ: "micropay-order", chain: "single" });
  return { payload: check(orderShape, document.payload, "read an order"), document };
}

/**
 * Verifies an order's signer without the signature, which the audit verifies separately.
 *
 * @returns the signer's certificate
 * @throws {EnvelopeError} when the order is another account's or another ledger's
 * @throws {CertificateError} when the certificate is wrong, or was not valid then
 */
export function verifySigner(
  { payload, document }: UnverifiedOrder,
  { anchor }: { anchor: TrustAnchor },
): VerifiedCertificate {
  const party = orderSigner(payload);
  const atMs = payload.iat * 1000;
  const signer = verifyChain(document.chain!, { anchor, role: party.role, atMs });
  if (!sameParty(signer.party, party)) {
    throw new EnvelopeError("check an order: it is signed by another account than its payer");
  }
  if (payload.ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`check an order: it is for the ledger ${payload.ledger}`);
  }
  return signer;
}

/** Returns who must sign an order: its payer, or the server when a side is the issuing account. */
function orderSigner({ payer, payee }: Pick<Order, "payer" | "payee">): Party {
  if (payer === issuingAccount || payee === issuingAccount) return { role: "server" };
  return { role: "member", name: payer };
}
