/**
 * The order: the payer's signed instruction to pay. Anybody who has the CA's certificate can check
 * it.
 */
import * as v from "valibot";
import { type Clock, nowSeconds } from "../clock.ts";
import { EnvelopeError } from "../errors.ts";
import { type EntryParty, issuingAccount, orderDigest } from "../ledger/entry.ts";
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

/**
 * An order that its payer signed. {@link verifyOrder} and {@link signOrder} alone make one. Whether
 * it is good at some time, `judgeOrder` says.
 */
export interface SignedOrder {
  /** The compact JWS, exactly as it came. */
  readonly text: string;
  /** SHA-256 over the text: 64 hexadecimal digits. */
  readonly digest: string;
  readonly payload: Order;
  /**
   * The payer's certificate; the server's where one side is the issuing account. This ledger's CA
   * issued it. Whether it is the account's certificate now, the ledger knows.
   */
  readonly signer: VerifiedCertificate;
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
 * @param options `identity` is the payer's; the server's where one side is the issuing account
 * @returns the order, which is not verified again: its signer's identity was when it was opened
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
  // The leaf alone: whoever checks an order has the CA's certificate, or no reason to believe it.
  const { signingKey, leaf, certificate: signer } = identity;
  const text = signDocument("micropay-order", payload, { signingKey, chain: leaf });
  return { text, digest: orderDigest(text), payload, signer };
}

/**
 * Reads an order and checks everything that does not depend on the time: its form and members, the
 * payer's certificate at the time that the order says it was made, the signature, the ledger, and
 * that the payer signed it. The result is the same at any time, because no clock is asked.
 *
 * @param text the compact JWS
 * @returns the order. Not checked: whether it is good at some time, who may submit it, whether it
 * was booked before
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

/** An order whose form and members are checked, and nothing else. */
export interface UnverifiedOrder {
  readonly payload: Order;
  readonly document: UnverifiedDocument;
}

/**
 * Reads an order's form and members: a part of {@link verifyOrder}, for the audit.
 *
 * @param options `headers` remembers headers, for a reader of many orders
 * @throws {EnvelopeError} when it is not an order's document
 * @throws {ProtocolError} when the members are not an order's
 */
export function readOrder(
  text: string,
  { headers }: { headers?: KnownHeaders | undefined } = {},
): UnverifiedOrder {
  if (text.length > orderBytesMax) throw new EnvelopeError("read an order: it is too long");
  const document = readDocument(text, { typ: "micropay-order", chain: "single", headers });
  return { payload: check(orderShape, document.payload, "read an order"), document };
}

/**
 * Checks everything about an order's signer except the signature: a part of {@link verifyOrder},
 * for the audit.
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

/**
 * Says who has to sign an order.
 *
 * @returns its payer; the server where one side is the issuing account
 */
export function orderSigner({ payer, payee }: Pick<Order, "payer" | "payee">): Party {
  if (payer === issuingAccount || payee === issuingAccount) return { role: "server" };
  return { role: "member", name: payer };
}
