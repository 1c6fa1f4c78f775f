/**
 * Giving back what was paid: by the payee of a payment, through the server, which knows what is
 * left of it.
 */
import { InterruptedError } from "../../errors.ts";
import { refundTriesMax } from "../../limits.ts";
import { type Amount, isAmount } from "../../money.ts";
import { refuse } from "../../protocol/request_type.ts";
import type { Order, SignedOrder } from "../../protocol/order.ts";
import { makeOrderId } from "../../random.ts";
import { untilAborted } from "../until_aborted.ts";
import { hasTerms, type OrderDelivery, unknownOutcome } from "./order_delivery.ts";
import {
  askEarlier,
  askRefunded,
  type OrderOutcome,
  outcomeUnderId,
  type Paid,
} from "./order_outcome.ts";
import type { PayOptions } from "./payment.ts";
import { type Settled, settleOutbox } from "./settlement.ts";

export interface RefundTerms {
  readonly id: string;
  /** All that is left of the payment when absent. */
  readonly amount?: Amount | undefined;
  readonly memo?: string | undefined;
  /** The id of an earlier refund that is tried again. One id is booked at most once. */
  readonly refundId?: string | undefined;
}

export interface RefundOptions extends PayOptions {
  /** Told of the other open orders, as {@link settleOutbox} tells them. */
  readonly onSettled?: ((settled: Settled) => void) | undefined;
}

interface Attempt extends RefundOptions {
  readonly terms: RefundTerms;
  readonly delivery: OrderDelivery;
}

/**
 * Gives back a payment, or a part of it. An open order of the same refund is settled first, and
 * sent again where it can be. Another order is made only when that one is never booked. Two refunds
 * are the same when they have one `refundId`, or give back the same amount of one payment.
 *
 * @returns the receipt, which is in the wallet, or why nothing was booked
 * @throws {InterruptedError} when `signal` stopped it before anything was sent
 * @throws {UnknownOutcomeError} when the order was sent, now or before, and its outcome is
 * unknown. The order stays in the wallet
 */
export async function refund(
  terms: RefundTerms,
  delivery: OrderDelivery,
  options: RefundOptions = {},
): Promise<OrderOutcome> {
  const attempt = { terms, delivery, ...options };
  const open = await findOpen(attempt);
  const stopped = () => open ? unknownOutcome(open, { said: " before" }) : interrupted();
  /** Open refunds of all that was left. The server has booked them. */
  const booked: (Settled & { readonly outcome: "done" })[] = [];
  for (const settled of await untilAborted(settleSame(attempt), options.signal, stopped)) {
    const outcome = await repeat(settled, attempt);
    if (outcome && !isForTheRest(terms)) return outcome;
    if (outcome?.outcome === "paid") {
      booked.push({ order: settled.order, outcome: "done", paid: outcome });
      // 269: something else was given back meanwhile, and what is left has changed.
    } else if (outcome && outcome.code !== 269) return outcome;
  }
  return await giveBack(attempt, booked);
}

/** Makes a new refund, unless nothing is left after those that were just found to be booked. */
async function giveBack(
  attempt: Attempt,
  booked: readonly (Settled & { readonly outcome: "done" })[],
): Promise<OrderOutcome> {
  const { terms, delivery: { member }, onSettled } = attempt;
  const { refundId } = terms;
  const earlier = refundId && await askEarlier(refundId, isRefundOf(attempt), member);
  if (earlier) return earlier;
  for (let tries = 1;; tries++) {
    const payment = await askRefunded(terms.id, member);
    if ("outcome" in payment) return payment.code === 400 ? refuse(268) : payment;
    const { paid: { receipt: { payload: receipt } }, refunded } = payment;
    if (receipt.kind !== "payment" || receipt.payee !== member.name) return refuse(268);
    const amount = terms.amount ?? receipt.amount - refunded;
    const last = booked.at(-1);
    if (tries === 1 && last && !isAmount(amount)) return last.paid;
    if (tries === 1) booked.forEach((one) => onSettled?.(one));
    if (!isAmount(amount)) return refuse(269);
    const outcome = await giveBackOnce(attempt, { amount, payee: receipt.payer });
    const isOutdated = outcome.outcome === "refused" && outcome.code === 269 && isForTheRest(terms);
    if (!isOutdated || tries === refundTriesMax) return outcome;
  }
}

async function giveBackOnce(
  attempt: Attempt,
  { amount, payee }: Pick<Order, "amount" | "payee">,
): Promise<OrderOutcome> {
  const { terms: { id: refunds, memo, refundId }, delivery, signal } = attempt;
  const { clock, name, random } = delivery.member;
  const id = refundId ?? makeOrderId(clock, random);
  if (signal?.aborted) throw interrupted();
  const replaces = refundId === undefined ? undefined : await findVoid(refundId, attempt);
  const terms = { id, payer: name, payee, amount, memo, refunds };
  const tracked = await delivery.record(terms, { replaces });
  if ("outcome" in tracked) return tracked;
  return await delivery.deliver(tracked, { isSame: isRefundOf(attempt), signal });
}

/** @returns the refused order of an earlier refund under the id, when it is void */
async function findVoid(
  id: string,
  { delivery, signal }: Attempt,
): Promise<SignedOrder | undefined> {
  const open = await delivery.find(id);
  if (open?.progress.state !== "refused") return undefined;
  const { state } = await delivery.askToRetry(open, { signal, errorOf: interrupted });
  return state === "void" ? open.order : undefined;
}

/**
 * Settles the wallet's open orders until the outcome of the same refund is known, and returns it.
 */
async function settleSame({ terms, delivery, signal, onSettled }: Attempt): Promise<Settled[]> {
  const same: Settled[] = [];
  for await (const settled of settleOutbox(delivery)) {
    // The caller was told that the waiting has ended.
    if (signal?.aborted) break;
    if (!isSame(settled.order, terms)) {
      onSettled?.(settled);
      continue;
    }
    same.push(settled);
    // Its record is removed. If the next question failed, nobody would learn its outcome.
    if (settled.outcome === "done" && !isForTheRest(terms)) break;
  }
  return same;
}

/**
 * @returns the outcome of a refund that was sent before, which is sent again where it can still be
 * booked; `undefined` when it is never booked
 * @throws {UnknownOutcomeError} when its outcome could not be learned. It stays in the wallet
 */
async function repeat(settled: Settled, attempt: Attempt): Promise<OrderOutcome | undefined> {
  const { order } = settled;
  const { terms, delivery, signal } = attempt;
  switch (settled.outcome) {
    case "done":
      return outcomeUnderId(settled.paid, isRefundOf(attempt));
    case "not_done":
      return undefined;
    case "unknown":
      throw unknownOutcome(order, { cause: settled.error, said: " before" });
    case "open": {
      const { payee, amount, memo: first } = order.payload;
      // Without an id of its own, one refund with the first memo is better than two refunds.
      const memo = terms.refundId === undefined ? first : terms.memo;
      const wanted = { payee, amount: terms.amount ?? amount, memo, refunds: terms.id };
      if (!hasTerms(order, wanted)) return refuse(266);
      const progress = { state: "in_doubt", next: "send" } as const;
      return await delivery.deliver({ order, progress }, {
        isSame: isRefundOf(attempt),
        signal,
      });
    }
  }
}

/** @returns the open order of the same refund */
async function findOpen({ terms, delivery }: Attempt): Promise<SignedOrder | undefined> {
  for (const id of await delivery.member.outbox.ids()) {
    const open = await delivery.find(id);
    if (open && open.progress.state !== "refused" && isSame(open.order, terms)) return open.order;
  }
  return undefined;
}

/** An earlier refund of all that was left is the same one only when nothing is left after it. */
function isForTheRest({ amount, refundId }: RefundTerms): boolean {
  return amount === undefined && refundId === undefined;
}

function isSame({ payload }: SignedOrder, { id, amount, refundId }: RefundTerms): boolean {
  if (refundId !== undefined) return payload.id === refundId;
  return payload.refunds === id && (amount === undefined || payload.amount === amount);
}

/** @returns a check whether a payment is such a refund */
function isRefundOf({ terms: { id, amount }, delivery }: Attempt): (paid: Paid) => boolean {
  return ({ receipt: { payload } }) =>
    payload.refunds === id && payload.payer === delivery.member.name &&
    (amount === undefined || payload.amount === amount);
}

function interrupted(): InterruptedError {
  return new InterruptedError("refund: it was interrupted; nothing was sent");
}
