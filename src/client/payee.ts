/**
 * Being paid: a peer hands over an order, this client checks it, submits it to the server and passes the answer back.
 */
import type { AccountName } from "../account_name.ts";
import { CertificateError, EnvelopeError, MicropayError, ProtocolError } from "../errors.ts";
import { answered, check, type Outcome, type Refusal, refuse } from "../protocol/exchange.ts";
import { type VerifiedOrder, verifyOrder } from "../protocol/order.ts";
import type { HistoryRow } from "../protocol/history.ts";
import { judgeOrder } from "../protocol/order_judgement.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { payExchange, submitExchange } from "../protocol/transfer.ts";
import type { JsonObject } from "../strict_json.ts";
import type { MemberContext } from "./member_context.ts";
import { proven, stored } from "./payment_result.ts";

/** Money that came. */
export interface IncomingPayment {
  readonly receipt: Receipt;
  readonly receiptJws: string;
  readonly memo: string | undefined;
}

export type OnPayment = (payment: IncomingPayment) => void;

interface Receipted {
  readonly receipt: string;
}

/**
 * Takes an order from a peer.
 *
 * @param from who the peer is, proven by its channel
 * @param onPayment told once for each payment, however often its order comes
 */
export async function takeOrder(
  body: JsonObject,
  { from, member, onPayment }: { from: AccountName; member: MemberContext; onPayment: OnPayment },
): Promise<Outcome<Receipted>> {
  const verified = await verify(body, from, member);
  if ("outcome" in verified) return verified;
  try {
    const submitted = await member.link.ask(submitExchange, { order: verified.jws });
    if (submitted.outcome === "refused") return submitted;
    await accept(submitted.answer.receipt, verified, { member, onPayment });
    return answered(submitted.answer);
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    // Whether it was booked is not known here; the payer asks the server.
    return refuse(500);
  }
}

async function verify(
  body: JsonObject,
  from: AccountName,
  { anchor, clock, link, name }: MemberContext,
): Promise<VerifiedOrder | Refusal> {
  try {
    const { order: jws } = check(payExchange.request, body, "read an order's message");
    const verified = await verifyOrder(jws, { anchor, atMs: clock.nowMs() });
    const { order } = verified;
    // A refund goes through the server, which knows what is refunded.
    if (order.to !== name || order.from !== from || order.refunds !== undefined) {
      return refuse(261);
    }
    return judgeOrder(order, { nowMs: link.nowMs() }) ?? verified;
  } catch (error) {
    const expected = error instanceof EnvelopeError || error instanceof CertificateError ||
      error instanceof ProtocolError;
    if (!expected) throw error;
    return refuse(261);
  }
}

async function accept(
  receiptJws: string,
  { order, jws }: VerifiedOrder,
  { member, onPayment }: { member: MemberContext; onPayment: OnPayment },
): Promise<void> {
  const { paid, isNew } = await stored(receiptJws, { ...order, jws }, member);
  if (isNew) onPayment({ receipt: paid.receipt, receiptJws, memo: order.memo });
}

/**
 * Takes what the server says of money that came without this client: an order that its payer handed in.
 *
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when it does not prove that
 */
export async function takePayment(
  { order: jws, receipt }: { readonly order: string; readonly receipt: string },
  { member, onPayment }: { member: MemberContext; onPayment: OnPayment },
): Promise<void> {
  const { anchor, clock, name } = member;
  const verified = await verifyOrder(jws, { anchor, atMs: clock.nowMs() });
  if (verified.order.to !== name) {
    throw new EnvelopeError(`take the payment ${verified.order.id}: it is to somebody else`);
  }
  await accept(receipt, verified, { member, onPayment });
}

/**
 * Takes a row of the own history for money that came, whether it was known before or not.
 *
 * @throws as {@link takePayment}
 */
export async function storeReceived(
  row: Pick<HistoryRow, "order" | "receipt" | "at">,
  member: MemberContext,
): Promise<IncomingPayment> {
  // Certificates have to have been valid then; by now some may have ended.
  const atMs = Date.parse(row.at);
  const { order, jws } = await verifyOrder(row.order, { anchor: member.anchor, atMs });
  const { receipt } = await proven(row.receipt, { ...order, jws }, member);
  return { receipt, receiptJws: row.receipt, memo: order.memo };
}
