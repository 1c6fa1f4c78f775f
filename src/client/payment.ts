/**
 * Paying: from the payer's decision to a receipt, a refusal, or the honest "not known".
 */
import type { AccountName } from "../account_name.ts";
import { UnknownOutcomeError } from "../errors.ts";
import type { Amount } from "../money.ts";
import { type Refusal, refuse } from "../protocol/exchange.ts";
import { locateExchange } from "../protocol/locate.ts";
import { makeOrderId } from "../random.ts";
import type { Channel } from "../transport/channel.ts";
import type { MemberContext } from "./member_context.ts";
import { askPeer, type Unproven, unproven } from "./peer_answer.ts";
import { connectToPeer } from "./peer_connection.ts";
import { askStatus, type Paid, proven, ResultWatch } from "./payment_result.ts";
import { makeOrder, recorded, type SentOrder, submitOwn } from "./sent_order.ts";

export interface PaymentTerms {
  readonly to: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** Given to try an earlier payment again: it is booked at most once. */
  readonly id?: string | undefined;
  /** Hands the order to the server instead of the payee, who need not be online then. */
  readonly viaServer?: boolean | undefined;
}

export interface PayOptions {
  /** Stops waiting; what was sent by then is asked for once more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Pays a member, directly or through the server.
 *
 * @returns `paid` with a receipt that was checked and stored, or why nothing was booked
 * @throws {UntrustedError} when somebody else answers at the payee's address; nothing was sent
 * @throws {UnknownOutcomeError} when the order was sent and nobody could say what became of it; it stays in the outbox
 */
export async function pay(
  terms: PaymentTerms,
  member: MemberContext,
  options: PayOptions = {},
): Promise<Paid | Refusal> {
  if (terms.to === member.name) return refuse(280);
  if (terms.id !== undefined) {
    const earlier = await earlierPayment(terms.id, terms, member);
    if (earlier) return earlier;
  }
  const order = await orderFor(terms, member);
  if ("outcome" in order) return order;
  const peer = terms.viaServer ? undefined : await reach(terms.to, member);
  if (peer && "outcome" in peer) return peer;
  try {
    const result = await recorded(order, member, () => {
      return peer ? handOver(order, { peer, member, ...options }) : submitOwn(order, member);
    });
    if (terms.id === undefined || result.outcome === "paid" || result.code !== 266) return result;
    // An earlier try with this id was booked in the meantime.
    return await earlierPayment(terms.id, terms, member) ?? result;
  } finally {
    peer?.close();
  }
}

/** Finds a payee and connects to it. */
async function reach(name: AccountName, member: MemberContext): Promise<Channel | Refusal> {
  const located = await member.link.ask(locateExchange, { name });
  return located.outcome === "refused" ? located : await connectToPeer(located.answer, member);
}

/** A new order; or the one of an earlier try with the same id, while it can still be booked: the same order again is harmless. */
async function orderFor(
  terms: PaymentTerms,
  member: MemberContext,
): Promise<SentOrder | Refusal> {
  const { clock, link, name, outbox, random } = member;
  const kept = terms.id === undefined ? undefined : await outbox.get(terms.id);
  const { to, amount, memo } = terms;
  if (kept && !kept.isRefused && kept.order.exp * 1000 > link.nowMs()) {
    const { order, jws } = kept;
    const isSame = order.to === to && order.amount === amount && order.memo === memo;
    return isSame ? { ...order, jws } : refuse(266);
  }
  const id = terms.id ?? makeOrderId(clock, random);
  return await makeOrder({ id, from: name, to, amount, memo }, member);
}

/** @returns what became of an id that is used again, or `undefined` when it was never booked */
async function earlierPayment(
  id: string,
  { to, amount }: PaymentTerms,
  member: MemberContext,
): Promise<Paid | Refusal | undefined> {
  const paid = await askStatus(id, member);
  if (paid.outcome === "refused") return undefined;
  const { receipt } = paid;
  const isSame = receipt.from === member.name && receipt.to === to && receipt.amount === amount;
  return isSame ? paid : refuse(266);
}

/**
 * Gives the order to the payee and waits for whoever says first what became of it: the server by its push, or the payee with the
 * receipt. A payee's "no" proves nothing: it may have submitted the order all the same, or do so until the order expires.
 */
async function handOver(
  order: SentOrder,
  { peer, member, signal }: { peer: Channel; member: MemberContext } & PayOptions,
): Promise<Paid | Refusal> {
  const watch = new ResultWatch(order, member);
  try {
    const answered = askPeer(order, { peer, member });
    const first = await Promise.race([watch.result, answered, givenUp(signal)]);
    if (first.outcome === "paid" || first.outcome === "refused") return first;
    return watch.told ?? await settle(order, { member, watch, peerRefusal: first.refusal });
  } finally {
    watch.stop();
  }
}

/** Resolves, with nothing proven, when the payer does not want to wait any longer. */
function givenUp(signal: AbortSignal | undefined): Promise<Unproven> {
  return new Promise((resolve) => {
    signal?.addEventListener("abort", () => resolve(unproven()), { once: true });
  });
}

/** Asks the server, because nothing conclusive came by itself. */
async function settle(
  order: SentOrder,
  { member, watch, peerRefusal }: {
    member: MemberContext;
    watch: ResultWatch;
    peerRefusal: Refusal | undefined;
  },
): Promise<Paid | Refusal> {
  let cause: unknown;
  try {
    const status = await askStatus(order.id, member);
    if (status.outcome === "paid") return await proven(status.receiptJws, order, member);
  } catch (error) {
    cause = error;
  }
  // The server's own "no", where it gave one, came before its answer just now.
  if (watch.told) return watch.told;
  const said = peerRefusal ? `, and ${order.to} answered ${peerRefusal.code}` : "";
  throw new UnknownOutcomeError(
    `pay ${order.to}: the order was sent${said}, and whether it is booked is not known. ` +
      `Ask with: status ${order.id}`,
    { cause, orderId: order.id },
  );
}
