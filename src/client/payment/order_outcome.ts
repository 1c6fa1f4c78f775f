/**
 * The outcome of an order, and asking the server for it.
 */
import { EnvelopeError } from "../../errors.ts";
import { type Refusal, refuse } from "../../protocol/request_type.ts";
import { type SignedOrder, unpackOrder, verifyOrder } from "../../protocol/order.ts";
import {
  type Receipt,
  requireReceiptFor,
  type SignedReceipt,
  unpackReceipt,
  verifyReceipt,
} from "../../protocol/receipt.ts";
import { statusRequestType } from "../../protocol/status.ts";
import type { BookedOrder } from "../../protocol/transfer.ts";
import type { HistoryReader } from "../history_reader.ts";
import type { MemberContext } from "../member_context.ts";
import type { ExceededLimit } from "../wallet/payment_limits.ts";

/**
 * How an order travelled: to the payee over a connection between the two, to the payee through the
 * server's relay, or to the server without the payee.
 */
export type PaymentWay = "direct" | "relay" | "server";

/** Booked, with the proof. */
export interface Paid {
  readonly outcome: "paid";
  readonly receipt: SignedReceipt;
  /** Present when this process sent the order, or took it from its payer. */
  readonly way?: PaymentWay | undefined;
}

export type OrderOutcome = Paid | OrderRefusal;

export interface OrderRefusal extends Refusal {
  /** Present when the payee refused the order, and the server did not. */
  readonly by?: "payee";
  /** Present when this wallet's own limit refused the order. Nothing was sent. */
  readonly exceeded?: ExceededLimit;
}

/**
 * Checks that a receipt proves that an order was booked.
 *
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when it does not
 */
export function proveBooked(
  receiptText: string,
  order: SignedOrder,
  { anchor }: Pick<MemberContext, "anchor">,
): Paid {
  const receipt = verifyReceipt(receiptText, { anchor });
  requireReceiptFor(order, receipt);
  return { outcome: "paid", receipt };
}

/**
 * Asks the server what became of an order.
 *
 * @param options `voiding`: the compact JWS of an order with this id. Unless it is booked, the
 * server makes it void
 * @returns the receipt of the order that was booked under this id. Refused with 400 when none was;
 * with `voiding` that is so for good
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when the answer does not prove
 * that an order with this id was booked
 */
export async function askStatus(
  id: string,
  member: MemberContext,
  { voiding }: { readonly voiding?: string | undefined } = {},
): Promise<OrderOutcome> {
  const request = voiding === undefined ? { id } : { id, void: voiding };
  const status = await member.link.ask(statusRequestType, request);
  return status.outcome === "refused" ? status : paidAs(id, status.answer, member);
}

/**
 * Asks for an earlier try of the same payment or refund.
 *
 * @param isSame whether the entry booked under the id is that payment or refund
 * @returns the earlier one, or the refusal 266 when the id belongs to another one; `undefined` when
 * nothing is booked under it yet
 */
export async function askEarlier(
  id: string,
  isSame: (paid: Paid) => boolean,
  member: MemberContext,
): Promise<OrderOutcome | undefined> {
  const status = await askStatus(id, member);
  if (status.outcome === "refused") return status.code === 400 ? undefined : status;
  return outcomeUnderId(status, isSame);
}

/**
 * @param booked the payment that was booked under an id
 * @param isSame whether a payment is the one that is wanted under this id
 * @returns the outcome for somebody who wants to pay under this id
 */
export function outcomeUnderId(booked: Paid, isSame: (paid: Paid) => boolean): OrderOutcome {
  return isSame(booked) ? booked : refuse(266);
}

export interface RefundedPayment {
  readonly paid: Paid;
  readonly refunded: number;
}

/**
 * Asks the server how much of a payment was given back.
 *
 * @throws as {@link askStatus}
 */
export async function askRefunded(
  id: string,
  member: MemberContext,
): Promise<RefundedPayment | Refusal> {
  const status = await member.link.ask(statusRequestType, { id });
  if (status.outcome === "refused") return status;
  const { refunded = 0, ...booked } = status.answer;
  return { paid: paidAs(id, booked, member), refunded };
}

/**
 * Asks the server for the order that was booked under an id.
 *
 * @returns `undefined` when none was, or the server did not tell
 * @throws as {@link askStatus}
 */
export async function askBooked(
  id: string,
  member: MemberContext,
): Promise<Pick<Paid, "receipt"> & { readonly order: SignedOrder } | undefined> {
  const status = await member.link.ask(statusRequestType, { id });
  return status.outcome === "refused" ? undefined : bookedAs(id, status.answer, member);
}

function paidAs(id: string, booked: BookedOrder, member: MemberContext): Paid {
  return { outcome: "paid", receipt: bookedAs(id, booked, member).receipt };
}

function bookedAs(id: string, { order: text, receipt }: BookedOrder, member: MemberContext) {
  const order = verifyOrder(unpackOrder(text, member.identity.certificate), member);
  const other = order.payload.id;
  if (other !== id) throw new EnvelopeError(`ask for ${id}: the answer has the order ${other}`);
  return { order, ...proveBooked(unpackReceipt(receipt, order, member.link), order, member) };
}

/**
 * Asks the server for one of the member's entries, by its number.
 *
 * @returns refused with 400 when the entry is none of this member's
 * @throws {EnvelopeError} when the receipt is not signed by the server
 */
export async function askEntry(
  number: number,
  history: HistoryReader,
  { anchor }: Pick<MemberContext, "anchor">,
): Promise<OrderOutcome> {
  const page = await history.read({ limit: 1, after: number - 1 });
  if (page.outcome === "refused") return page;
  const [row] = page.answer.entries;
  if (row?.entry !== number) return refuse(400);
  const receipt = verifyReceipt(row.receipt, { anchor });
  return { outcome: "paid", receipt };
}

/** @returns whether a payment is such a one, whichever order made it */
export function isSamePayment(
  { receipt: { payload } }: Paid,
  { payer, payee, amount }: Pick<Receipt, "payer" | "payee" | "amount">,
): boolean {
  return payload.payer === payer && payload.payee === payee && payload.amount === amount;
}
