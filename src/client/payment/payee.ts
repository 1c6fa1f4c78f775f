/**
 * Being paid: a peer hands over an order, this client checks it, submits it to the server and passes the answer back.
 */
import type { AccountName } from "../../account_name.ts";
import {
  CertificateError,
  EnvelopeError,
  messageOf,
  MicropayError,
  ProtocolError,
  TimeoutError,
  UnknownOutcomeError,
} from "../../errors.ts";
import { answered, check, type Outcome, type Refusal, refuse } from "../../protocol/exchange.ts";
import { type VerifiedOrder, verifyOrder } from "../../protocol/order.ts";
import { judgeOrder } from "../../protocol/order_validity.ts";
import { payExchange } from "../../protocol/transfer.ts";
import type { JsonObject } from "../../strict_json.ts";
import type { IncomingPayments } from "./incoming_payments.ts";
import type { MemberContext } from "../member_context.ts";
import { askStatus } from "./payment_result.ts";
import { submitOrder } from "./submit_order.ts";

interface Receipted {
  readonly receipt: string;
}

interface Payee {
  readonly member: MemberContext;
  readonly incoming: IncomingPayments;
}

/** An order that was handed over. */
export interface TakenOrder {
  /** The answer to whoever handed it over. */
  readonly outcome: Outcome<Receipted>;
  /** The order, where the server has it and did not say what became of it. */
  readonly doubtful?: VerifiedOrder;
}

/**
 * Takes an order from a peer.
 *
 * @param payer who the peer is, proven by its channel
 */
export async function takeOrder(
  body: JsonObject,
  { payer, member, incoming }: { readonly payer: AccountName } & Payee,
): Promise<TakenOrder> {
  const read = readPay(body);
  if ("outcome" in read) return { outcome: read };
  const verified = verify(read.order, payer, member);
  if ("outcome" in verified) return { outcome: verified };
  try {
    const outcome = await submitOrder(member.link, verified.jws);
    if (outcome.outcome === "answered") {
      await incoming.take(outcome.answer.receipt, verified);
      return { outcome: answered(outcome.answer) };
    }
    if (outcome.code !== 500) return { outcome };
    incoming.fault(inDoubt(verified, outcome.text));
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    incoming.fault(inDoubt(verified, messageOf(error), error));
  }
  // Whether it was booked is not known here; the payer asks the server, and so does this client, later.
  return { outcome: refuse(500), doubtful: verified };
}

/**
 * Finds out what became of an order that the server did not answer for, and takes it when it was booked. The server answers one thing after
 * the other, so once it has answered this it has decided about the order.
 *
 * @param isOver whether nobody waits for it any more; it ends with the connection to the server, too
 */
export async function findOut(
  doubtful: VerifiedOrder,
  { member, incoming, isOver }: Payee & { readonly isOver: () => boolean },
): Promise<void> {
  while (member.link.isOpen && !isOver()) {
    try {
      const status = await askStatus(doubtful.order.id, member);
      if (status.outcome === "paid") await incoming.take(status.receiptJws, doubtful);
      return;
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      // It was told that this order is in doubt, and how to ask for it.
      if (!(error instanceof TimeoutError)) return;
    }
  }
}

/** A body of another shape is no request to pay; what is in it is looked at next. */
function readPay(body: JsonObject): { readonly order: string } | Refusal {
  try {
    return check(payExchange.request, body, "read a pay request");
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refuse(410, error.message);
  }
}

function verify(
  jws: string,
  payer: AccountName,
  { anchor, link, name }: MemberContext,
): VerifiedOrder | Refusal {
  try {
    const verified = verifyOrder(jws, { anchor });
    const { order } = verified;
    // A refund goes through the server, which knows what is refunded.
    if (order.payee !== name || order.payer !== payer || order.refunds !== undefined) {
      return refuse(261);
    }
    const fault = judgeOrder(verified, { atMs: link.nowMs() });
    return fault ? refuse(fault.code) : verified;
  } catch (error) {
    const expected = error instanceof EnvelopeError || error instanceof CertificateError ||
      error instanceof ProtocolError;
    if (!expected) throw error;
    return refuse(261);
  }
}

function inDoubt(
  { order: { id, payer, amount } }: VerifiedOrder,
  why: string,
  cause?: unknown,
): UnknownOutcomeError {
  return new UnknownOutcomeError(
    `take ${amount} from ${payer}: ${why}. Whether the order ${id} is booked is not known`,
    { cause, orderId: id },
  );
}
