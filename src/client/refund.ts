/**
 * Giving back what was paid: by the payee of a payment, through the server, which knows what is left of it.
 */
import { type Amount, isAmount } from "../money.ts";
import { pageRowsMax } from "../limits.ts";
import { type Refusal, refuse } from "../protocol/exchange.ts";
import { historyExchange } from "../protocol/history.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { makeOrderId } from "../random.ts";
import { handToServer, untilAborted } from "./handing_over.ts";
import type { MemberContext } from "./member_context.ts";
import { requireProgress } from "./page_progress.ts";
import type { PayOptions } from "./payment.ts";
import { askStatus, type Paid } from "./payment_result.ts";
import { inDoubt, makeOrder, record, recorded, type SentOrder } from "./sent_order.ts";
import { isOver } from "./settlement.ts";

export interface RefundTerms {
  /** The payment's id. */
  readonly id: string;
  /** All that is left of it when absent. */
  readonly amount?: Amount | undefined;
  readonly memo?: string | undefined;
}

/** How often what is left is asked for again, when somebody else gives back a part of the same payment at the same time. */
const triesMax = 3;

/**
 * @returns `paid` with a receipt that was checked and stored, or why nothing was booked
 * @throws {UnknownOutcomeError} when the order was sent and nothing that can be believed came back; it stays in the outbox, and the same
 * refund again sends the same order
 */
export async function refund(
  terms: RefundTerms,
  member: MemberContext,
  options: PayOptions = {},
): Promise<Paid | Refusal> {
  const payment = await askStatus(terms.id, member);
  if (payment.outcome === "refused") return payment.code === 400 ? refuse(268) : payment;
  const { receipt } = payment;
  if (receipt.kind !== "payment" || receipt.to !== member.name) return refuse(268);
  const again = await inOutbox(terms, member);
  if (again) return await send(again, member, options);
  for (let tries = 1;; tries++) {
    const amount = terms.amount ?? await leftOf(receipt, member);
    if (typeof amount === "object") return amount;
    const result = await giveBack({ ...terms, amount }, receipt, { member, ...options });
    const isOutdated = result.outcome === "refused" && result.code === 269 &&
      terms.amount === undefined;
    if (!isOutdated || tries === triesMax) return result;
  }
}

async function giveBack(
  { id, amount, memo }: RefundTerms & { readonly amount: Amount },
  { from }: Receipt,
  { member, ...options }: { member: MemberContext } & PayOptions,
): Promise<Paid | Refusal> {
  const newId = makeOrderId(member.clock, member.random);
  const wanted = { id: newId, from: member.name, to: from, amount, memo, refunds: id };
  const order = await record(await makeOrder(wanted, member), wanted, member);
  return "outcome" in order ? order : await send(order, member, options);
}

async function send(
  order: SentOrder,
  member: MemberContext,
  { signal }: PayOptions,
): Promise<Paid | Refusal> {
  return await recorded(order, member, () => {
    const stopped = () => inDoubt(order, { said: ", waiting was interrupted" });
    return untilAborted(handToServer(order, member), signal, stopped);
  });
}

/** The same refund, sent before and in doubt: made anew it could be booked beside the first. */
async function inOutbox(
  { id, amount, memo }: RefundTerms,
  { link, outbox }: MemberContext,
): Promise<SentOrder | undefined> {
  for (const one of await outbox.ids()) {
    const item = await outbox.get(one);
    if (!item || item.isRefused || isOver(item, { nowMs: link.nowMs() })) continue;
    const { order, jws } = item;
    const isSame = order.refunds === id && order.memo === memo &&
      (amount === undefined || order.amount === amount);
    if (isSame) return { ...order, jws };
  }
  return undefined;
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
    requireProgress(page.answer, entries);
    after = entries.at(-1)!.entry;
  }
  return isAmount(left) ? left : refuse(269);
}
