/**
 * Orders of this client on their way to being booked, and the record that is kept of each until that is decided.
 */
import { FileError, UnknownOutcomeError } from "../../errors.ts";
import type { EntryParty } from "../../ledger/entry.ts";
import type { Amount } from "../../money.ts";
import { codes } from "../../protocol/code.ts";
import { type Refusal, refuse } from "../../protocol/exchange.ts";
import { type Order, type OrderTerms, signOrder } from "../../protocol/order.ts";
import type { MemberContext } from "../member_context.ts";
import type { Paid } from "./payment_result.ts";

/** An order with what a receipt for it has to agree with. */
export interface SentOrder {
  readonly id: string;
  readonly payer: EntryParty;
  readonly payee: EntryParty;
  readonly amount: Amount;
  /** The compact JWS. */
  readonly jws: string;
}

/** Signs an order, stamped with the server's time. */
export function makeOrder(terms: OrderTerms, member: MemberContext): SentOrder {
  const { anchor, identity, link } = member;
  const jws = signOrder(terms, { identity, anchor, clock: link });
  const { id, payer, payee, amount } = terms;
  return { id, payer, payee, amount, jws };
}

/** Whether an order says what is wanted now. */
export function hasTerms(order: Order, terms: Omit<OrderTerms, "id" | "payer">): boolean {
  return order.payee === terms.payee && order.amount === terms.amount &&
    order.memo === terms.memo &&
    order.refunds === terms.refunds;
}

/**
 * Records an order in the outbox, before it is sent.
 *
 * @param options `voided` is the compact JWS of an order under the same id that the server has made void: its record is replaced
 * @returns the order to send: the one that another process of this account has just recorded under the same id, when it says the same;
 * refused when it says something else
 */
export async function record(
  order: SentOrder,
  terms: OrderTerms,
  { outbox }: MemberContext,
  { voided }: { readonly voided?: string | undefined } = {},
): Promise<SentOrder | Refusal> {
  const item = await outbox.add(order, { voided });
  if (item.jws === order.jws) return order;
  return hasTerms(item.order, terms) ? { ...item.order, jws: item.jws } : refuse(266);
}

/**
 * Sends an order that is recorded. The record goes when there is a receipt, and is marked when the server has refused. What `send`
 * throws leaves the record as it is, for the next start.
 */
export async function recorded(
  order: SentOrder,
  { outbox }: MemberContext,
  send: () => Promise<Paid | Refusal>,
): Promise<Paid | Refusal> {
  const result = await send();
  try {
    // With 266 the id belongs to another order: this one can never be booked.
    if (result.outcome === "paid" || result.code === 266) await outbox.remove(order);
    // Of a "not now" the server keeps no record, so whoever else has the order can still hand it in.
    else if (!codes[result.code].tryAgain) await outbox.markRefused(order);
  } catch (error) {
    // What became of it is known, and said; the record is looked at again by the next start.
    if (!(error instanceof FileError)) throw error;
  }
  return result;
}

/** @param said what is known beside, put into the sentence */
export function inDoubt(
  { id, payee }: Pick<SentOrder, "id" | "payee">,
  { cause, said = "" }: { cause?: unknown; said?: string } = {},
): UnknownOutcomeError {
  return new UnknownOutcomeError(
    `pay ${payee}: the order ${id} was sent${said}, and whether it is booked is not known`,
    { cause, orderId: id },
  );
}
