/**
 * Paying: from the payer's decision to a receipt, a refusal, or the honest "not known".
 */
import type { AccountName } from "../../account_name.ts";
import { InterruptedError, MicropayError, UnknownOutcomeError } from "../../errors.ts";
import { orderDigest } from "../../ledger/entry.ts";
import type { Amount } from "../../money.ts";
import { codes } from "../../protocol/code.ts";
import { type Refusal, refuse } from "../../protocol/exchange.ts";
import { locateExchange } from "../../protocol/locate.ts";
import { makeOrderId } from "../../random.ts";
import type { Channel } from "../../transport/channel.ts";
import { handToPayee, handToServer, untilAborted } from "./handing_over.ts";
import type { MemberContext } from "../member_context.ts";
import type { OpenOrder } from "../wallet/wallet_store.ts";
import { connectToPeer } from "../peer_connection.ts";
import { askStatus, isSamePayment, type Paid, proven } from "./payment_result.ts";
import { hasTerms, inDoubt, makeOrder, record, recorded, type SentOrder } from "./sent_order.ts";
import { isOver } from "./settlement.ts";

export interface PaymentTerms {
  readonly payee: AccountName;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  /** Given to try an earlier payment again: it is booked at most once. */
  readonly id?: string | undefined;
  /** Hands the order to the server instead of the payee, who need not be online then. */
  readonly viaServer?: boolean | undefined;
}

export interface PayOptions {
  /** Stops waiting, at once. */
  readonly signal?: AbortSignal | undefined;
}

type Payer = { readonly member: MemberContext } & PayOptions;

/**
 * Pays a member, directly or through the server.
 *
 * @returns `paid` with a receipt that was checked and stored, or why nothing was booked
 * @throws {UntrustedError} when somebody else answers at the payee's address; nothing was sent
 * @throws {InterruptedError} when `signal` stopped it before anything was sent
 * @throws {UnknownOutcomeError} when the order was sent, now or in an earlier try with the same id, and nobody could say what became of
 * it; it stays in the outbox
 */
export async function pay(
  terms: PaymentTerms,
  member: MemberContext,
  options: PayOptions = {},
): Promise<Paid | Refusal> {
  if (terms.payee === member.name) return refuse(280);
  const payer = { member, ...options };
  const kept = terms.id === undefined ? undefined : await member.outbox.get(terms.id);
  if (!kept || kept.state === "refused") return await attempt(terms, kept, payer);
  try {
    return await attempt(terms, kept, payer);
  } catch (cause) {
    if (!(cause instanceof MicropayError) || cause instanceof UnknownOutcomeError) throw cause;
    // It was sent before: until the server has said what became of it, nothing else is the answer.
    throw inDoubt(kept.order, { cause, said: " before" });
  }
}

/** @param kept what the outbox holds of an earlier try with the same id */
async function attempt(
  terms: PaymentTerms,
  kept: OpenOrder | undefined,
  payer: Payer,
): Promise<Paid | Refusal> {
  const { member, signal } = payer;
  // Void, unless it is booked, as soon as the question is answered.
  const voiding = kept && isOver(kept, { nowMs: member.link.nowMs() }) ? kept.jws : undefined;
  const asking = terms.id !== undefined &&
    earlierPayment(terms.id, terms, { kept, voiding, member });
  const earlier = asking && await untilAborted(asking, signal, interrupted);
  if (earlier) {
    const isForNow = earlier.outcome === "refused" && codes[earlier.code].tryAgain;
    if (kept && kept.state !== "refused" && isForNow) {
      throw inDoubt(kept.order, { said: " before" });
    }
    return earlier;
  }
  const again = voiding === undefined ? kept : undefined;
  if (again && !hasTerms(again.order, terms)) return refuse(266);
  const peer = terms.viaServer
    ? undefined
    : await untilAborted(reach(terms.payee, member), signal, interrupted);
  if (peer && "outcome" in peer) {
    if (!again || again.state === "refused") return peer;
    // Nothing was sent now, but what was sent before can still be booked.
    throw inDoubt(again.order, {
      said: ` before, ${peer.text.replace("transfer FAIL: ", "")} now`,
    });
  }
  try {
    const result = await send(terms, again, { ...payer, peer, voided: voiding });
    const isForNow = result.outcome === "refused" && codes[result.code].tryAgain;
    if (again && again.state !== "refused" && isForNow) {
      throw inDoubt(again.order, { said: " before, and the server books nothing just now" });
    }
    return result;
  } finally {
    peer?.close();
  }
}

/** Finds a payee and connects to it. */
async function reach(name: AccountName, member: MemberContext): Promise<Channel | Refusal> {
  const located = await member.link.ask(locateExchange, { name });
  return located.outcome === "refused" ? located : await connectToPeer(located.answer, member);
}

/** Sends the same order again, which is harmless; or a new one. */
async function send(
  terms: PaymentTerms,
  again: OpenOrder | undefined,
  { member, signal, peer, voided }: Payer & {
    readonly peer: Channel | undefined;
    readonly voided: string | undefined;
  },
): Promise<Paid | Refusal> {
  const { payee, amount, memo } = terms;
  const refusal = await untilAborted(member.link.beServed(), signal, interrupted);
  if (refusal) return refusal;
  const id = terms.id ?? makeOrderId(member.clock, member.random);
  const wanted = { id, payer: member.name, payee, amount, memo };
  const made: SentOrder = again ? { ...again.order, jws: again.jws } : makeOrder(wanted, member);
  if (signal?.aborted) throw interrupted();
  const order = await record(made, wanted, member, { voided });
  if ("outcome" in order) return order;
  const result = await recorded(order, member, () => {
    const handed = peer ? handToPayee(order, { peer, member }) : handToServer(order, member);
    return untilAborted(
      handed,
      signal,
      () => inDoubt(order, { said: ", waiting was interrupted" }),
    );
  });
  if (terms.id === undefined || result.outcome === "paid" || result.code !== 266) return result;
  // An earlier try with this id was booked in the meantime.
  return await earlierPayment(terms.id, terms, { member }) ?? result;
}

/** @returns what became of an id that is used again, or `undefined` when it was never booked */
async function earlierPayment(
  id: string,
  { payee, amount }: PaymentTerms,
  { kept, voiding, member }: {
    kept?: OpenOrder | undefined;
    voiding?: string | undefined;
    member: MemberContext;
  },
): Promise<Paid | Refusal | undefined> {
  const paid = await askStatus(id, member, { voiding });
  if (paid.outcome === "refused") {
    if (paid.code === 400) return undefined;
    return paid;
  }
  const { receipt, receiptJws } = paid;
  if (kept) {
    if (receipt.order === orderDigest(kept.jws)) {
      await proven(receiptJws, { ...kept.order, jws: kept.jws }, member);
    }
    await member.outbox.remove({ id, jws: kept.jws });
  }
  const isSame = isSamePayment(receipt, { payer: member.name, payee, amount });
  return isSame ? paid : refuse(266);
}

function interrupted(): InterruptedError {
  return new InterruptedError("pay: it was interrupted; nothing was sent");
}
