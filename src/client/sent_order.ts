/**
 * Orders of this client on their way to being booked, and the record that is kept of each until that is decided.
 */
import { ClosedError, TimeoutError, UnknownOutcomeError } from "../errors.ts";
import type { EntryParty } from "../ledger/entry.ts";
import type { Amount } from "../money.ts";
import type { Refusal } from "../protocol/exchange.ts";
import { type OrderTerms, signOrder } from "../protocol/order.ts";
import { submitExchange } from "../protocol/transfer.ts";
import type { MemberContext } from "./member_context.ts";
import { type Paid, proven } from "./payment_result.ts";

/** An order with what a receipt for it has to agree with. */
export interface SentOrder {
  readonly id: string;
  readonly from: EntryParty;
  readonly to: EntryParty;
  readonly amount: Amount;
  /** The compact JWS. */
  readonly jws: string;
}

/** Signs an order, stamped with the server's time. */
export async function makeOrder(terms: OrderTerms, member: MemberContext): Promise<SentOrder> {
  const { anchor, identity, link } = member;
  const jws = await signOrder(terms, { identity, anchor, clock: link });
  const { id, from, to, amount } = terms;
  return { id, from, to, amount, jws };
}

/**
 * Sends an order with a record of it in the outbox: there before it is sent, gone when there is a receipt, marked when the server has
 * refused. What `send` throws leaves the record as it is, for the next start.
 */
export async function recorded(
  { id, jws }: SentOrder,
  { outbox }: MemberContext,
  send: () => Promise<Paid | Refusal>,
): Promise<Paid | Refusal> {
  await outbox.add(id, jws);
  const result = await send();
  if (result.outcome === "paid") await outbox.remove(id);
  else await outbox.markRefused(id, jws);
  return result;
}

/**
 * Hands an order to the server without its payee.
 *
 * @throws {UnknownOutcomeError} when it was sent and no answer came
 */
export async function submitOwn(order: SentOrder, member: MemberContext): Promise<Paid | Refusal> {
  try {
    const outcome = await member.link.ask(submitExchange, { order: order.jws });
    if (outcome.outcome === "refused") return outcome;
    return await proven(outcome.answer.receipt, order, member);
  } catch (cause) {
    if (!(cause instanceof ClosedError || cause instanceof TimeoutError)) throw cause;
    throw new UnknownOutcomeError(
      `pay ${order.to}: the order was sent, and whether it is booked is not known. ` +
        `Ask with: status ${order.id}`,
      { cause, orderId: order.id },
    );
  }
}
