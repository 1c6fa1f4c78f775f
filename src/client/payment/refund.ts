/**
 * Giving back what was paid: by the payee of a payment, through the server, which knows what is left of it.
 */
import { type Amount, isAmount } from "../../money.ts";
import { InterruptedError } from "../../errors.ts";
import { pageRowsMax, refundTriesMax } from "../../limits.ts";
import { type Refusal, refuse } from "../../protocol/exchange.ts";
import { historyExchange } from "../../protocol/history.ts";
import type { Order } from "../../protocol/order.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import { makeOrderId } from "../../random.ts";
import { untilAborted } from "./handing_over.ts";
import type { MemberContext } from "../member_context.ts";
import { requireProgress } from "../page_progress.ts";
import { askStatus, type Paid } from "./payment_result.ts";
import {
  earlierRefund,
  isForTheRest,
  isRepeated,
  type RefundOptions,
  type RefundTerms,
  repeat,
  sendRefund,
  settleRepeated,
} from "./repeated_refund.ts";
import { inDoubt, makeOrder, record } from "./sent_order.ts";
import type { Settled } from "./settlement.ts";

type Done = Settled & { readonly outcome: "done" };
type Refunder = { readonly member: MemberContext } & RefundOptions;

/**
 * Gives back a payment, or a part of it. When the same refund (of this payment, of this amount; or with this id) was sent before and is in
 * doubt, this is that one again: it is found out what became of it, and only when it is not booked and never will be another is made.
 *
 * @returns `paid` with a receipt that was checked and stored, now or before, or why nothing was booked
 * @throws {InterruptedError} when `signal` stopped it before anything was sent
 * @throws {UnknownOutcomeError} when the order was sent, now or before, and nothing that can be believed came back; it stays in the outbox
 */
export async function refund(
  terms: RefundTerms,
  member: MemberContext,
  options: RefundOptions = {},
): Promise<Paid | Refusal> {
  const refunder = { member, ...options };
  const doubtful = await inOutbox(terms, member);
  const stopped = () => doubtful ? inDoubt(doubtful, { said: " before" }) : interrupted();
  const finding = settleRepeated(terms, member, options);
  /** Refunds of the same payment that were in doubt and are booked. */
  const booked: Done[] = [];
  for (const settled of await untilAborted(finding, options.signal, stopped)) {
    const result = await repeat(settled, terms, refunder);
    if (result && !isForTheRest(terms)) return result;
    const { item } = settled;
    if (result?.outcome === "paid") booked.push({ item, outcome: "done", paid: result });
    // Something else was given back meanwhile: what is left is counted anew.
    else if (result && result.code !== 269) return result;
  }
  return await giveBack(terms, booked, refunder);
}

/** @param booked refunds that are the answer when nothing is left after them */
async function giveBack(
  terms: RefundTerms,
  booked: readonly Done[],
  refunder: Refunder,
): Promise<Paid | Refusal> {
  const { member, onSettled } = refunder;
  const { refundId } = terms;
  const earlier = refundId && await earlierRefund(refundId, terms, member);
  if (earlier) return earlier;
  const payment = await askStatus(terms.id, member);
  if (payment.outcome === "refused") return payment.code === 400 ? refuse(268) : payment;
  const { receipt } = payment;
  if (receipt.kind !== "payment" || receipt.payee !== member.name) return refuse(268);
  for (let tries = 1;; tries++) {
    const amount = terms.amount ?? await leftOf(receipt, member);
    if (tries === 1) {
      const last = booked.at(-1);
      if (last && typeof amount === "object" && amount.code === 269) return last.paid;
      booked.forEach((one) => onSettled?.(one));
    }
    if (typeof amount === "object") return amount;
    const result = await giveBackOnce({ ...terms, amount }, receipt, refunder);
    const isOutdated = result.outcome === "refused" && result.code === 269 && isForTheRest(terms);
    if (!isOutdated || tries === refundTriesMax) return result;
  }
}

async function giveBackOnce(
  terms: RefundTerms & { readonly amount: Amount },
  { payer }: Receipt,
  { member, signal }: Refunder,
): Promise<Paid | Refusal> {
  const { id, amount, memo, refundId } = terms;
  const newId = refundId ?? makeOrderId(member.clock, member.random);
  const wanted = { id: newId, payer: member.name, payee: payer, amount, memo, refunds: id };
  const made = makeOrder(wanted, member);
  if (signal?.aborted) throw interrupted();
  const order = await record(made, wanted, member);
  const result = "outcome" in order ? order : await sendRefund(order, member, { signal });
  if (refundId === undefined || result.outcome === "paid" || result.code !== 266) return result;
  // An earlier try with this id was booked in the meantime.
  return await earlierRefund(refundId, terms, member) ?? result;
}

/** The same refund, sent before and in doubt. */
async function inOutbox(
  terms: RefundTerms,
  { outbox }: MemberContext,
): Promise<Order | undefined> {
  for (const one of await outbox.ids()) {
    const item = await outbox.get(one);
    if (item && item.state !== "refused" && isRepeated(item.order, terms)) return item.order;
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

function interrupted(): InterruptedError {
  return new InterruptedError("refund: it was interrupted; nothing was sent");
}
