/**
 * The order: the payer's signed instruction to pay. It stands alone: with the CA's certificate anybody can check it.
 */
import * as v from "valibot";
import { type Clock, nowSeconds } from "../clock.ts";
import { EnvelopeError } from "../errors.ts";
import { type EntryParty, issuingAccount } from "../ledger/entry.ts";
import { orderBytesMax, orderLifetimeMs } from "../limits.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import { type Party, sameParty } from "../pki/party.ts";
import {
  type KnownHeaders,
  readDocument,
  signDocument,
  type UnverifiedDocument,
  verifyDocument,
} from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { JsonObject } from "../strict_json.ts";
import { check } from "./exchange.ts";
import {
  amountShape,
  digestShape,
  entryPartyShape,
  memoShape,
  orderIdShape,
  secondsShape,
} from "./shapes.ts";

const orderShape = v.strictObject({
  /** Made by the payer before anything is sent; booked at most once. */
  id: orderIdShape,
  /** The ledger it is for: the SHA-256 fingerprint of its CA's certificate. */
  ledger: digestShape,
  /** The payer. Where one side is the issuing account, the server signs the order. */
  payer: entryPartyShape,
  payee: entryPartyShape,
  amount: amountShape,
  memo: v.optional(memoShape),
  /** In a refund: the id of the payment that is given back, in whole or in part, by its payee. */
  refunds: v.optional(orderIdShape),
  /** When it was made, by the server's clock as the payer knows it. */
  iat: secondsShape,
  /** From this second on it can no longer be booked. */
  exp: secondsShape,
});

export type Order = v.InferOutput<typeof orderShape>;

/** An order that its payer signed. Whether it is good at some time is decided by `judgeOrder`. */
export interface VerifiedOrder {
  readonly order: Order;
  /** The payer's. Issued by this ledger's CA; whether it still is the account's certificate the ledger knows. */
  readonly certificate: VerifiedCertificate;
  /** The compact JWS, exactly as it came. */
  readonly jws: string;
}

/** What the payer decides. */
export interface OrderTerms {
  readonly id: string;
  readonly payer: EntryParty;
  readonly payee: EntryParty;
  readonly amount: Order["amount"];
  readonly memo?: string | undefined;
  readonly refunds?: string | undefined;
}

/**
 * Signs an order that can be booked for `orderLifetimeMs` from now.
 *
 * @param identity the payer's; the server's where one side is the issuing account
 */
export function signOrder(
  terms: OrderTerms,
  { identity, anchor, clock }: {
    identity: Identity;
    anchor: TrustAnchor;
    clock: Pick<Clock, "nowMs">;
  },
): string {
  const iat = nowSeconds(clock);
  const { id, payer, payee, amount, memo, refunds } = terms;
  const order: Order = {
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
  // The leaf alone: whoever checks an order has the CA's certificate, or has no reason to believe it.
  const { signingKey, leaf } = identity;
  return signDocument("micropay-order", order, { signingKey, chain: leaf });
}

/**
 * Checks that an order is what its payer signed: its form, the payer's certificate as of the time that the order says it was made,
 * the signature, and that the order is for this ledger and from the account that signed it. The same at any time: no clock is
 * asked. Not checked: whether it is good at some time, whom it is for, whether it was booked before.
 *
 * @throws {EnvelopeError} when any of it does not hold
 * @throws {CertificateError} when the certificate is not a good one
 * @throws {ProtocolError} when the contents are not an order's
 */
export function verifyOrder(jws: string, trust: { anchor: TrustAnchor }): VerifiedOrder {
  return verifyReadOrder(readOrder(jws), trust);
}

/**
 * {@link verifyOrder} for an order that was taken apart before.
 *
 * @throws {EnvelopeError} when it is not what its payer signed
 * @throws {CertificateError} when the certificate is not a good one
 */
export function verifyReadOrder(read: ReadOrder, trust: { anchor: TrustAnchor }): VerifiedOrder {
  const verified = verifyAllButSignature(read, trust);
  verifyDocument(read.document, verified.certificate.publicKey);
  return verified;
}

/**
 * {@link verifyReadOrder} without the signature, which the caller verifies.
 *
 * @throws as {@link verifyReadOrder}
 */
export function verifyAllButSignature(
  { order, document }: ReadOrder,
  { anchor }: { anchor: TrustAnchor },
): VerifiedOrder {
  const signer = orderSigner(order);
  const { role } = signer;
  const atMs = order.iat * 1000;
  const certificate = verifyChain(document.chain!, { anchor, role, atMs });
  if (!sameParty(certificate.party, signer)) {
    throw new EnvelopeError("check an order: it is signed by another account than it is from");
  }
  if (order.ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`check an order: it is for the ledger ${order.ledger}`);
  }
  return { order, certificate, jws: document.jws };
}

/** An order that was taken apart. Nothing of it is verified. */
export interface ReadOrder {
  readonly order: Order;
  readonly document: UnverifiedDocument;
}

/**
 * Takes an order apart: its form, its one certificate, its members.
 *
 * @param options.headers for a reader of many orders, see {@link readDocument}
 * @throws {EnvelopeError} when it is no document of an order
 * @throws {ProtocolError} when the contents are not an order's
 */
export function readOrder(
  jws: string,
  { headers }: { headers?: KnownHeaders | undefined } = {},
): ReadOrder {
  if (jws.length > orderBytesMax) throw new EnvelopeError("read an order: it is too long");
  const document = readDocument(jws, { typ: "micropay-order", chain: "single", headers });
  return { order: decodeOrder(document.payload), document };
}

/** @throws {ProtocolError} when the contents are not an order's */
export function decodeOrder(payload: JsonObject): Order {
  return check(orderShape, payload, "read an order");
}

/** Who has to have signed an order: its payer; where one side is the issuing account, the server. */
export function orderSigner({ payer, payee }: Pick<Order, "payer" | "payee">): Party {
  if (payer === issuingAccount || payee === issuingAccount) return { role: "server" };
  return { role: "member", name: payer };
}
