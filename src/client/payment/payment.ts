/**
 * Paying a member, and trying a payment again under its id.
 */
import type { AccountName } from "../../account_name.ts";
import { InterruptedError, MicropayError, UnknownOutcomeError, UsageError } from "../../errors.ts";
import { ordersPerSubmitMax } from "../../limits.ts";
import type { Amount } from "../../money.ts";
import { isPayeeAway } from "../../protocol/code.ts";
import type { SignedOrder } from "../../protocol/order.ts";
import type { SignedPaymentRequest } from "../../protocol/payment_request.ts";
import { type Refusal, refuse } from "../../protocol/request_type.ts";
import { makeOrderId } from "../../random.ts";
import type { MemberContext } from "../member_context.ts";
import type { ReachedPeer } from "../peer_connections.ts";
import { untilAborted } from "../until_aborted.ts";
import {
  hasTerms,
  type OrderDelivery,
  type TrackedOrder,
  unknownOutcome,
} from "./order_delivery.ts";
import {
  askEarlier,
  isSamePayment,
  type OrderOutcome,
  outcomeUnderId,
  type Paid,
} from "./order_outcome.ts";

export interface PaymentTerms {
  readonly payee: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** The id of an earlier payment that is tried again. One id is booked at most once. */
  readonly id?: string | undefined;
  /** The payment request that it pays. The id and the terms are the request's. */
  readonly request?: SignedPaymentRequest | undefined;
  /** Whether the server has just said that nothing is booked under the id. */
  readonly isUnbooked?: boolean | undefined;
  /**
   * Hands the order to the server. The payee need not be online then. For a payment request, that
   * is done anyway where the payee cannot be reached.
   */
  readonly viaServer?: boolean | undefined;
}

export interface PayOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pays a member, directly or through the server.
 *
 * @returns the receipt, which is in the wallet, or why nothing was booked
 * @throws {UntrustedError} when somebody else answers at the payee's address; nothing was sent
 * @throws {InterruptedError} when `signal` stopped it before anything was sent
 * @throws {UnknownOutcomeError} when the order was sent, now or in an earlier try with the same id,
 * and its outcome could not be learned. It stays in the wallet
 */
export async function pay(
  terms: PaymentTerms,
  delivery: OrderDelivery,
  { signal }: PayOptions = {},
): Promise<OrderOutcome> {
  const { name: payer } = delivery.member;
  const { payee, amount, id } = terms;
  if (payee === payer) return refuse(280);
  const open = id === undefined ? undefined : await delivery.find(id);
  const isSame = (paid: Paid) => isSamePayment(paid, { payer, payee, amount });
  const attempt = { terms, delivery, isSame, signal };
  if (!open) return await payAnew(attempt);
  try {
    return await payAgain(open, attempt);
  } catch (cause) {
    const isKnown = open.progress.state === "refused" || cause instanceof UnknownOutcomeError;
    if (!(cause instanceof MicropayError) || isKnown) throw cause;
    // It was sent before. Until the server has told its outcome, no other answer is true.
    throw unknownOutcome(open.order, { cause, said: " before" });
  }
}

/**
 * Makes many payments through the server. They share a message, and two commits of the wallet.
 *
 * @param terms of at most {@link ordersPerSubmitMax} payments
 * @returns the outcome of each, or what {@link pay} throws for it
 * @throws {UsageError} when they are too many
 */
export async function payAll(
  terms: readonly PaymentTerms[],
  delivery: OrderDelivery,
  options: PayOptions = {},
): Promise<PromiseSettledResult<OrderOutcome>[]> {
  if (terms.length > ordersPerSubmitMax) {
    throw new UsageError(
      `make ${terms.length} payments at once: ${ordersPerSubmitMax} is the most`,
    );
  }
  // Asked once before, so that they are ready at the same moment.
  const refusal = await delivery.member.link.beServed();
  if (refusal) return terms.map(() => ({ status: "fulfilled", value: refusal }));
  const paying = terms.map((one) => pay({ ...one, viaServer: true }, delivery, options));
  return await Promise.allSettled(paying);
}

interface Attempt extends PayOptions {
  readonly terms: PaymentTerms;
  readonly delivery: OrderDelivery;
  readonly isSame: (paid: Paid) => boolean;
}

/** @param replaces a void order that was sent before under the same id */
async function payAnew(attempt: Attempt, replaces?: SignedOrder): Promise<OrderOutcome> {
  const { terms, delivery, isSame, signal } = attempt;
  const { member } = delivery;
  if (terms.id !== undefined && !terms.isUnbooked) {
    const asking = askEarlier(terms.id, isSame, member);
    const earlier = await untilAborted(asking, signal, interrupted);
    if (earlier) return earlier;
  }
  const unpayable = terms.request && unpayableReason(terms.request, member);
  if (unpayable) return unpayable;
  const peer = await untilAborted(reach(attempt), signal, interrupted);
  if (peer && "outcome" in peer) return peer;
  const refusal = await untilAborted(member.link.beServed(), signal, interrupted);
  if (refusal) return refusal;
  if (signal?.aborted) throw interrupted();
  const { payee, amount, memo, id = makeOrderId(member.clock, member.random) } = terms;
  const request = terms.request?.text;
  const wanted = { id, payer: member.name, payee, amount, memo, request };
  const tracked = await delivery.record(wanted, { replaces });
  if ("outcome" in tracked) return tracked;
  return await delivery.deliver(tracked, { peer, isSame, signal });
}

/**
 * Asks for the outcome of an order that was sent before. When it is not booked, it is sent again,
 * or a new order takes the place of a refused one, which the server has made void.
 */
async function payAgain(tracked: TrackedOrder, attempt: Attempt): Promise<OrderOutcome> {
  const { terms, delivery, isSame, signal } = attempt;
  const { order } = tracked;
  if (signal?.aborted) throw interrupted();
  const progress = await delivery.askToRetry(tracked, { signal, errorOf: interrupted });
  const known = progress.paid ?? progress.takenBy;
  if (progress.state === "void") {
    const outcome = known ? outcomeUnderId(known, isSame) : await payAnew(attempt, order);
    await delivery.forget(order);
    return outcome;
  }
  if (known) return outcomeUnderId(known, isSame);
  if (!hasTerms(order, terms)) return refuse(266);
  const again = { order, progress };
  if (progress.state === "refused") {
    // The server did not say that it is void. It tells its reason to the side that submits it.
    return await delivery.deliver(again, { isSame, signal });
  }
  if (progress.next !== "send") {
    throw unknownOutcome(order, { cause: progress.cause, said: " before" });
  }
  const peer = await untilAborted(reach(attempt), signal, interrupted);
  if (peer && "outcome" in peer) {
    const now = peer.text.replace("transfer FAIL: ", "");
    throw unknownOutcome(order, { said: ` before, ${now} now` });
  }
  return await delivery.deliver(again, { peer, isSame, signal });
}

/** Returns why a member cannot pay a request, as the server would say it. */
function unpayableReason(
  { payload: { payer, exp } }: SignedPaymentRequest,
  { name, link }: MemberContext,
): Refusal | undefined {
  if (payer !== undefined && payer !== name) return refuse(273, `only ${payer} may pay it`);
  return exp * 1000 <= link.nowMs() ? refuse(274) : undefined;
}

/** @returns the payee to hand the order to; `undefined` where the server gets it */
async function reach(
  { terms: { payee, request, viaServer }, delivery }: Attempt,
): Promise<ReachedPeer | Refusal | undefined> {
  if (viaServer) return undefined;
  const peer = await delivery.peers.reach(payee);
  // The payee signed the request, so the payment need not wait until the payee is there.
  return request && "outcome" in peer && isPayeeAway(peer.code) ? undefined : peer;
}

function interrupted(): InterruptedError {
  return new InterruptedError("pay: it was interrupted; nothing was sent");
}
