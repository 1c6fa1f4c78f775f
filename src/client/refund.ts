/**
 * Giving back what was paid: by the payee of a payment, through the server, which knows what is left of it.
 */
import type { Amount } from "../money.ts";
import { isAmount } from "../money.ts";
import { pageRowsMax } from "../limits.ts";
import { type Refusal, refuse } from "../protocol/exchange.ts";
import { historyExchange } from "../protocol/history.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { makeOrderId } from "../random.ts";
import type { MemberContext } from "./member_context.ts";
import { askStatus, type Paid } from "./payment_result.ts";
import { makeOrder, recorded, submitOwn } from "./sent_order.ts";

export interface RefundTerms {
  /** The payment's id. */
  readonly id: string;
  /** All that is left of it when absent. */
  readonly amount?: Amount | undefined;
  readonly memo?: string | undefined;
}

/**
 * @returns `paid` with a receipt that was checked and stored, or why nothing was booked
 * @throws {UnknownOutcomeError} when the order was sent and no answer came; it stays in the outbox
 */
export async function refund(
  { id, amount, memo }: RefundTerms,
  member: MemberContext,
): Promise<Paid | Refusal> {
  const payment = await askStatus(id, member);
  if (payment.outcome === "refused") return payment.code === 400 ? refuse(268) : payment;
  const { receipt } = payment;
  if (receipt.kind !== "payment" || receipt.to !== member.name) return refuse(268);
  const wanted = amount ?? await leftOf(receipt, member);
  if (typeof wanted === "object") return wanted;
  const order = await makeOrder({
    id: makeOrderId(member.clock, member.random),
    from: member.name,
    to: receipt.from,
    amount: wanted,
    memo,
    refunds: id,
  }, member);
  return await recorded(order, member, () => submitOwn(order, member));
}

/** What was not given back yet: the payment less its refunds, which are all after it. */
async function leftOf(
  { amount, entry, id }: Receipt,
  member: MemberContext,
): Promise<Amount | Refusal> {
  let left: number = amount;
  for (let after = entry;;) {
    const page = await member.link.ask(historyExchange, { limit: pageRowsMax, after });
    if (page.outcome === "refused") return page;
    const { entries, more } = page.answer;
    for (const row of entries) if (row.refunds === id) left -= row.amount;
    if (!more) break;
    after = entries.at(-1)!.entry;
  }
  return isAmount(left) ? left : refuse(269);
}
