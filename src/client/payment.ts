/**
 * Paying: from the payer's decision to a receipt, a refusal, or the honest "not known".
 */
import type { AccountName } from "../account_name.ts";
import { UnknownOutcomeError } from "../errors.ts";
import type { Amount } from "../money.ts";
import { type Refusal, refuse } from "../protocol/exchange.ts";
import { locateExchange } from "../protocol/locate.ts";
import { signOrder } from "../protocol/order.ts";
import { makeOrderId } from "../random.ts";
import type { Channel } from "../transport/channel.ts";
import type { MemberContext } from "./member_context.ts";
import { askPeer } from "./peer_answer.ts";
import { connectToPeer } from "./peer_connection.ts";
import { askStatus, type Paid, proven, ResultWatch } from "./payment_result.ts";
import type { SentOrder } from "./sent_order.ts";

export interface PaymentTerms {
  readonly to: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** Given to try an earlier payment again: it is booked at most once. */
  readonly id?: string | undefined;
}

/**
 * Pays a member directly.
 *
 * @returns `paid` with a receipt that was checked and stored, or why nothing was booked
 * @throws {UntrustedError} when somebody else answers at the payee's address; nothing was sent
 * @throws {UnknownOutcomeError} when the order was sent and nobody could say what became of it
 */
export async function pay(terms: PaymentTerms, member: MemberContext): Promise<Paid | Refusal> {
  if (terms.to === member.name) return refuse(280);
  if (terms.id !== undefined) {
    const earlier = await earlierPayment(terms.id, terms, member);
    if (earlier) return earlier;
  }
  const located = await member.link.ask(locateExchange, { name: terms.to });
  if (located.outcome === "refused") return located;
  const peer = await connectToPeer(located.answer, member);
  if ("outcome" in peer) return peer;
  try {
    const result = await handOver(await makeOrder(terms, member), { peer, member });
    if (terms.id === undefined || result.outcome === "paid" || result.code !== 266) return result;
    // An earlier try with this id was booked in the meantime.
    return await earlierPayment(terms.id, terms, member) ?? result;
  } finally {
    peer.close();
  }
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

async function makeOrder(terms: PaymentTerms, member: MemberContext): Promise<SentOrder> {
  const { clock, identity, anchor, link, name, random } = member;
  const { to, amount, memo } = terms;
  const id = terms.id ?? makeOrderId(clock, random);
  const jws = await signOrder({ id, from: name, to, amount, memo }, {
    identity,
    anchor,
    clock: link,
  });
  return { id, from: name, to, amount, jws };
}

/**
 * Gives the order to the payee and waits for whoever says first what became of it: the server by its push, or the payee with the
 * receipt. A payee's "no" proves nothing: it may have submitted the order all the same, or do so until the order expires.
 */
async function handOver(
  order: SentOrder,
  { peer, member }: { peer: Channel; member: MemberContext },
): Promise<Paid | Refusal> {
  const watch = new ResultWatch(order, member);
  try {
    const answered = askPeer(order, { peer, member });
    const first = await Promise.race([watch.result, answered]);
    if (first.outcome === "paid" || first.outcome === "refused") return first;
    return watch.told ?? await settle(order, { member, watch, peerRefusal: first.refusal });
  } finally {
    watch.stop();
  }
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
