/**
 * Payment requests on both sides: the payee makes them and learns which are paid, and a payer reads
 * one that somebody passed on.
 */
import { isDocumentError, messageOf } from "../../errors.ts";
import { requestAskedAfterMs } from "../../limits.ts";
import { packedSigner } from "../../protocol/packed_document.ts";
import {
  type PaymentRequestTerms,
  type SignedPaymentRequest,
  signPaymentRequest,
  unpackPaymentRequest,
  verifyPaymentRequest,
} from "../../protocol/payment_request.ts";
import { answerWith, type Outcome, refuse } from "../../protocol/request_type.ts";
import { encodeFingerprint } from "../../protocol/shapes.ts";
import { verifyOrder } from "../../protocol/order.ts";
import { type SignedReceipt, verifyReceipt } from "../../protocol/receipt.ts";
import type { MemberContext } from "../member_context.ts";
import { SignerCertificates } from "../signer_certificates.ts";
import { askBooked } from "./order_outcome.ts";

/** A request of this member, and what became of it. */
export interface ListedRequest {
  readonly request: SignedPaymentRequest;
  readonly state: "open" | "paid" | "expired";
  /** Present when it is paid. */
  readonly receipt?: SignedReceipt;
}

/** Signs a payment request of this member, by the server's clock, and keeps it in the wallet. */
export async function makeRequest(
  terms: PaymentRequestTerms,
  { name: payee, identity, anchor, link: clock, random, requests }: MemberContext,
): Promise<SignedPaymentRequest> {
  const request = signPaymentRequest(terms, { payee, identity, anchor, clock, random });
  await requests.add(request);
  return request;
}

/**
 * Reads and verifies a request that somebody passed on.
 *
 * @param packed see `packDocument`
 * @returns the request; refused with 273 when its payee did not sign it so
 */
export async function readRequest(
  packed: string,
  { anchor, identity, link }: Pick<MemberContext, "anchor" | "identity" | "link">,
): Promise<Outcome<SignedPaymentRequest>> {
  const fingerprint = packedSigner(packed);
  if (fingerprint === undefined) return refuse(273);
  const reference = encodeFingerprint(fingerprint);
  const found = await new SignerCertificates(link, identity).find([reference]);
  // The server has no such certificate, so none of its members signed the request.
  if (found.outcome === "refused") return found.code === 400 ? refuse(273) : found;
  const [der] = found.answer[0]!;
  try {
    const text = unpackPaymentRequest(packed, { fingerprint, der: der! });
    return answerWith(verifyPaymentRequest(text, { anchor }));
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return refuse(273, messageOf(error));
  }
}

/**
 * Lists the requests of this member: the open ones first, and each kind with the newest first. It
 * asks the server about those that no receipt here shows as paid.
 */
export async function listRequests(member: MemberContext): Promise<ListedRequest[]> {
  const texts = await member.requests.listed({ nowMs: member.link.nowMs() });
  const requests = await Promise.all(texts.map((text) => stateOf(text, member)));
  return requests.sort((a, b) => Number(b.state === "open") - Number(a.state === "open"));
}

async function stateOf(text: string, member: MemberContext): Promise<ListedRequest> {
  const { anchor, link, receipts } = member;
  const request = verifyPaymentRequest(text, { anchor });
  const { id, payload: { exp } } = request;
  const leftMs = exp * 1000 - link.nowMs();
  const [kept] = await receipts.find({ id });
  if (kept) {
    const receipt = verifyReceipt(kept.receipt, { anchor });
    // Its payee may have used up the id for a payment of its own. Then nobody can pay the request.
    const isPaid = verifyOrder(kept.order, { anchor }).payload.request === text;
    return isPaid ? { request, state: "paid", receipt } : { request, state: "expired" };
  }
  // Later, a receipt comes with the history.
  if (leftMs > -requestAskedAfterMs) {
    const booked = await askBooked(id, member);
    // The receipt is not kept here: a receive that runs elsewhere announces what is new to it.
    if (booked?.order.payload.request === text) {
      return { request, state: "paid", receipt: booked.receipt };
    }
  }
  return { request, state: leftMs > 0 ? "open" : "expired" };
}
