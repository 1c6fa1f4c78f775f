/**
 * Paying a member, and trying a payment again under its id.
 */
import type { AccountName } from "../../account_name.ts";
import { InterruptedError, MicropayError, UnknownOutcomeError, UsageError } from "../../errors.ts";
import { ordersPerSubmitMax } from "../../limits.ts";
import type { Amount } from "../../money.ts";
import { type Refusal, refuse } from "../../protocol/request_type.ts";
import { makeOrderId } from "../../random.ts";
import type { ReachedPeer } from "../peer_connections.ts";
import { untilAborted } from "../until_aborted.ts";
import { hasTerms, inDoubt, type OrderDelivery, type TrackedOrder } from "./order_delivery.ts";
import { askStatus, isSamePayment, type OrderOutcome, type Paid } from "./order_outcome.ts";

export interface PaymentTerms {
  readonly payee: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** The id of an earlier payment that is tried again. One id is booked at most once. */
  readonly id?: string | undefined;
  /** Hands the order to the server. The payee need not be online then. */
  readonly viaServer?: boolean | undefined;
}

export interface PayOptions {
  /** Stops waiting, at once. */
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
  if (terms.payee === delivery.member.name) return refuse(280);
  const open = terms.id === undefined ? undefined : await delivery.find(terms.id);
  const attempt = { terms, delivery, signal };
  if (!open) return await payAnew(attempt);
  try {
    return await payAgain(open, attempt);
  } catch (cause) {
    const isKnown = open.progress.state === "refused" || cause instanceof UnknownOutcomeError;
    if (!(cause instanceof MicropayError) || isKnown) throw cause;
    // It was sent before. Until the server has told its outcome, no other answer is true.
    throw inDoubt(open.order, { cause, said: " before" });
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
}

async function payAnew(attempt: Attempt): Promise<OrderOutcome> {
  const { terms, delivery, signal } = attempt;
  const { member } = delivery;
  if (terms.id !== undefined) {
    const earlier = await untilAborted(askEarlier(terms.id, attempt), signal, interrupted);
    if (earlier) return earlier;
  }
  const peer = await untilAborted(reach(attempt), signal, interrupted);
  if (peer && "outcome" in peer) return peer;
  const refusal = await untilAborted(member.link.beServed(), signal, interrupted);
  if (refusal) return refusal;
  if (signal?.aborted) throw interrupted();
  const { payee, amount, memo, id = makeOrderId(member.clock, member.random) } = terms;
  const tracked = await delivery.record({ id, payer: member.name, payee, amount, memo });
  if (!tracked) return refuse(266);
  return await deliver(tracked, peer, attempt);
}

/**
 * Finds out what became of an order that was sent before, and sends it again when it is not booked.
 */
async function payAgain(tracked: TrackedOrder, attempt: Attempt): Promise<OrderOutcome> {
  const { terms, delivery, signal } = attempt;
  const { order } = tracked;
  const progress = await delivery.ask(tracked, { signal, errorOf: interrupted });
  const known = progress.paid ?? progress.takenBy;
  if (known) return samePayment(known, attempt);
  if (progress.state === "void") return await payAnew(attempt);
  if (!hasTerms(order, terms)) return refuse(266);
  // The server tells a refused order's payer alone why, each time it is asked.
  if (progress.state === "refused") return await deliver({ order, progress }, undefined, attempt);
  if (progress.next !== "send") throw inDoubt(order, { cause: progress.cause, said: " before" });
  const peer = await untilAborted(reach(attempt), signal, interrupted);
  if (peer && "outcome" in peer) {
    const now = peer.text.replace("transfer FAIL: ", "");
    throw inDoubt(order, { said: ` before, ${now} now` });
  }
  return await deliver({ order, progress }, peer, attempt);
}

async function deliver(
  tracked: TrackedOrder,
  peer: ReachedPeer | undefined,
  attempt: Attempt,
): Promise<OrderOutcome> {
  const { terms, delivery, signal } = attempt;
  const outcome = await delivery.deliver(tracked, { peer, signal });
  const isTaken = outcome.outcome === "refused" && outcome.code === 266;
  if (!isTaken || terms.id === undefined) return outcome;
  // Another process paid under this id in the meantime.
  return await askEarlier(terms.id, attempt) ?? outcome;
}

/** @returns the payee to hand the order to; `undefined` where the server gets it */
async function reach(
  { terms: { payee, viaServer }, delivery }: Attempt,
): Promise<ReachedPeer | Refusal | undefined> {
  return viaServer ? undefined : await delivery.peers.reach(payee);
}

/** @returns what was booked under an id; `undefined` when nothing was so far */
async function askEarlier(id: string, attempt: Attempt): Promise<OrderOutcome | undefined> {
  const status = await askStatus(id, attempt.delivery.member);
  if (status.outcome === "refused") return status.code === 400 ? undefined : status;
  return samePayment(status, attempt);
}

function samePayment(
  paid: Paid,
  { terms: { payee, amount }, delivery: { member } }: Attempt,
): OrderOutcome {
  return isSamePayment(paid, { payer: member.name, payee, amount }) ? paid : refuse(266);
}

function interrupted(): InterruptedError {
  return new InterruptedError("pay: it was interrupted; nothing was sent");
}
