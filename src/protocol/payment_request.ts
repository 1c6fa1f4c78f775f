/**
 * The payment request: a payee's signed wish to be paid an amount, by anybody or by one account.
 * The order that pays it carries it, and has the id that follows from it. The ledger books an id at
 * most once, so a request is paid at most once.
 */
import * as v from "valibot";
import type { AccountName } from "../account_name.ts";
import { type Clock, nowSeconds } from "../clock.ts";
import { EnvelopeError, isDocumentError } from "../errors.ts";
import { requestBytesMax, requestLifetimeMsMax } from "../limits.ts";
import type { Amount } from "../money.ts";
import { type VerifiedCertificate, verifyChain } from "../pki/certificate_profile.ts";
import type { Identity } from "../pki/identity.ts";
import {
  joinDocument,
  readDocument,
  signDocument,
  verifyDocument,
} from "../pki/signed_document.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { makeNonce, type Random } from "../random.ts";
import { derivedOrderId } from "./derived_order_id.ts";
import { unpackDocument } from "./packed_document.ts";
import { check } from "./request_type.ts";
import { accountNameShape, amountShape, digestShape, memoShape, secondsShape } from "./shapes.ts";

const typ = "micropay-request";

const paymentRequestShape = v.strictObject({
  /** 16 random bytes in base64url. They tell equal requests apart. */
  nonce: v.pipe(v.string(), v.regex(/^[\w-]{21}[AQgw]$/)),
  /** The ledger: the SHA-256 fingerprint of its CA certificate. */
  ledger: digestShape,
  /** Who signs the request and gets the money. */
  payee: accountNameShape,
  amount: amountShape,
  memo: v.optional(memoShape),
  /** The only account that may pay it. Without it anybody may. */
  payer: v.optional(accountNameShape),
  /** When it was made, by the server's clock as known to the payee. */
  iat: secondsShape,
  /** From this second on no order that carries it is booked. */
  exp: secondsShape,
});

/** The members of a payment request. Times are seconds since the epoch, amounts whole units. */
export type PaymentRequest = v.InferOutput<typeof paymentRequestShape>;

/** A verified request: {@link verifyPaymentRequest} and {@link signPaymentRequest} make one. */
export interface SignedPaymentRequest {
  /** The compact JWS, unchanged. */
  readonly text: string;
  /** The id of the order that pays it. */
  readonly id: string;
  readonly payload: PaymentRequest;
  /** The payee's certificate. */
  readonly signer: VerifiedCertificate;
}

/** The request that an order carries; `invalid` when what it carries is no genuine request. */
export type CarriedRequest = SignedPaymentRequest | "invalid" | undefined;

/** What a payee asks for. */
export interface PaymentRequestTerms {
  readonly amount: Amount;
  readonly memo?: string | undefined;
  readonly payer?: AccountName | undefined;
  readonly lifetimeMs: number;
}

/**
 * Signs a payment request.
 *
 * @param options.identity the payee's
 */
export function signPaymentRequest(
  { amount, memo, payer, lifetimeMs }: PaymentRequestTerms,
  { payee, identity, anchor, clock, random }: {
    readonly payee: AccountName;
    readonly identity: Identity;
    readonly anchor: TrustAnchor;
    readonly clock: Pick<Clock, "nowMs">;
    readonly random: Random;
  },
): SignedPaymentRequest {
  const iat = nowSeconds(clock);
  const payload = membersOf({
    ...{ nonce: makeNonce(random), ledger: anchor.fingerprint, payee, amount, memo, payer },
    ...{ iat, exp: iat + Math.ceil(lifetimeMs / 1000) },
  });
  const { signingKey, leaf, certificate: signer } = identity;
  const text = signDocument(typ, payload, { signingKey, chain: leaf });
  return { text, id: idOf(text, payload), payload, signer };
}

/** Returns a request's members in their fixed order, without those that it does not have. */
function membersOf(
  { nonce, ledger, payee, amount, memo, payer, iat, exp }: PaymentRequest,
): PaymentRequest {
  return {
    ...{ nonce, ledger, payee, amount },
    ...(memo !== undefined && { memo }),
    ...(payer !== undefined && { payer }),
    ...{ iat, exp },
  };
}

/** The payload alone decides about the id, so a new certificate of the payee makes no new one. */
function idOf(text: string, { payee }: PaymentRequest): string {
  const content = text.split(".")[1]!;
  return derivedOrderId({ account: payee, purpose: "micropay payment request", content });
}

/**
 * Reads and verifies a payment request: its form and members, its ledger, its payee's certificate
 * at its own time, and its signature. The result does not depend on the clock.
 *
 * @param text the compact JWS
 * @throws {EnvelopeError} when the form, the signature, the signer, the lifetime or the ledger is
 * wrong. A request has exactly one form
 * @throws {CertificateError} when the certificate is wrong, or was not valid then
 * @throws {ProtocolError} when the members are not a request's
 */
export function verifyPaymentRequest(
  text: string,
  { anchor }: { readonly anchor: TrustAnchor },
): SignedPaymentRequest {
  const attempt = "check a payment request";
  if (text.length > requestBytesMax) throw new EnvelopeError(`${attempt}: it is too long`);
  const document = readDocument(text, { typ, chain: "single" });
  const payload = membersOf(check(paymentRequestShape, document.payload, attempt));
  if (text !== joinDocument(typ, payload, document)) {
    throw new EnvelopeError(
      `${attempt}: its header or its payload is not written as it must be`,
    );
  }
  const { ledger, payee, payer, iat, exp } = payload;
  if (ledger !== anchor.fingerprint) {
    throw new EnvelopeError(`${attempt}: it is for the ledger ${ledger}`);
  }
  const signer = verifyChain(document.chain!, { anchor, role: "member", atMs: iat * 1000 });
  if (signer.party.role !== "member" || signer.party.name !== payee) {
    throw new EnvelopeError(`${attempt}: another account than its payee signed it`);
  }
  if (exp <= iat || (exp - iat) * 1000 > requestLifetimeMsMax || payer === payee) {
    throw new EnvelopeError(`${attempt}: its times or its accounts do not fit each other`);
  }
  verifyDocument(document, signer.publicKey);
  return { text, id: idOf(text, payload), payload, signer };
}

/**
 * Returns the request that an order carries.
 *
 * @param text the order's member `request`
 */
export function carriedRequest(
  text: string | undefined,
  options: { readonly anchor: TrustAnchor },
): CarriedRequest {
  if (text === undefined) return undefined;
  try {
    return verifyPaymentRequest(text, options);
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return "invalid";
  }
}

/** Returns the whole text of a packed request, see `packDocument`. It is not verified. */
export function unpackPaymentRequest(
  text: string,
  certificate: Pick<VerifiedCertificate, "fingerprint" | "der">,
): string {
  return unpackDocument(text, { typ, certificate });
}
