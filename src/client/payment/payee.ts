/**
 * Being paid: a peer hands over an order, and this client checks it and submits it to the server.
 */
import type { AccountName } from "../../account_name.ts";
import {
  InterruptedError,
  isDocumentError,
  messageOf,
  MicropayError,
  TimeoutError,
  UnknownOutcomeError,
} from "../../errors.ts";
import type { VerifiedCertificate } from "../../pki/certificate_profile.ts";
import { check, type Refusal, refuse } from "../../protocol/request_type.ts";
import { type SignedOrder, unpackOrder, verifyOrder } from "../../protocol/order.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { unpackReceipt } from "../../protocol/receipt.ts";
import { payRequestType } from "../../protocol/transfer.ts";
import type { JsonObject } from "../../strict_json.ts";
import type { MemberContext } from "../member_context.ts";
import type { SubmitQueue } from "../submit_queue.ts";
import type { IncomingPayments } from "./incoming_payments.ts";
import { askStatus, type PaymentWay } from "./order_outcome.ts";

export interface Payee {
  readonly member: MemberContext;
  readonly incoming: IncomingPayments;
  readonly submits: Pick<SubmitQueue, "submit">;
}

/** An order as it came from its payer. */
export interface HandedOrder {
  readonly order: SignedOrder;
  readonly way: PaymentWay;
}

/**
 * Reads and verifies the order in a `pay` request. Takes the checkpoint that the payer shows.
 *
 * @param options.payer the peer, as its channel proved
 * @param options.certificate the peer's. An order that refers to another one is refused
 * @returns the refusal when the order is not good now, or not from this payer to this member
 */
export function readHandedOrder(
  body: JsonObject,
  { payer, certificate, member: { anchor, link, name, peerCheckpoints } }: {
    readonly payer: AccountName;
    readonly certificate: Pick<VerifiedCertificate, "fingerprint" | "der">;
    readonly member: MemberContext;
  },
): SignedOrder | Refusal {
  let jws: string;
  try {
    const { order, seen } = check(payRequestType.request, body, "read a pay request");
    jws = order;
    if (seen) peerCheckpoints.take(payer, seen);
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return refuse(410, error.message);
  }
  try {
    const verified = verifyOrder(unpackOrder(jws, certificate), { anchor });
    const order = verified.payload;
    // A refund goes through the server, which knows what is left of the payment.
    if (order.payee !== name || order.payer !== payer || order.refunds !== undefined) {
      return refuse(261);
    }
    const fault = judgeOrder(verified, { atMs: link.nowMs() });
    return fault ? refuse(fault.code) : verified;
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return refuse(261);
  }
}

/**
 * Submits an order to the server, and takes the payment when it is booked.
 *
 * @returns `decided` when the server decided, and so tells the payer itself; `not_now` when it
 * decided nothing; `in_doubt` when it may have booked the order; `withdrawn` when it did not get
 * the order
 */
export async function submitHandedOrder(
  { order, way }: HandedOrder,
  { incoming, member: { link }, submits }: Payee,
): Promise<"decided" | "not_now" | "in_doubt" | "withdrawn"> {
  try {
    const { code, text, receipt } = await submits.submit(order);
    if (receipt !== undefined) {
      await incoming.take(unpackReceipt(receipt, order, link), order, way);
    } else if (code === 500) {
      incoming.fault(unknownIncoming(order, text));
      return "in_doubt";
    }
    // Any other code is about this member or its message, and the payer is not told of it.
    const isDecided = receipt !== undefined || (code >= 260 && code <= 280);
    return isDecided ? "decided" : "not_now";
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    if (error instanceof InterruptedError) return "withdrawn";
    incoming.fault(unknownIncoming(order, messageOf(error), error));
    return "in_doubt";
  }
}

/**
 * Asks for the outcome of an order in doubt, and takes the payment when it was booked. A server
 * answers requests in order, so its answer comes after its decision.
 *
 * @param isClosing whether nobody waits for the outcome any more. The end of the connection to the
 * server ends it too
 */
export async function askLater(
  { order, way }: HandedOrder,
  { member, incoming, isClosing }: Omit<Payee, "submits"> & { readonly isClosing: () => boolean },
): Promise<void> {
  while (member.link.isOpen && !isClosing()) {
    try {
      const status = await askStatus(order.payload.id, member);
      if (status.outcome === "paid") await incoming.take(status.receipt.text, order, way);
      return;
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      // The listener was told that this order is in doubt, and how to ask for it.
      if (!(error instanceof TimeoutError)) return;
    }
  }
}

function unknownIncoming(
  { payload: { id, payer, amount } }: SignedOrder,
  why: string,
  cause?: unknown,
): UnknownOutcomeError {
  return new UnknownOutcomeError(
    `take ${amount} from ${payer}: ${why}. Whether the order ${id} is booked is not known`,
    { cause, orderId: id },
  );
}
