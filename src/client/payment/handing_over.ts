/**
 * Handing an order over, to its payee or to the server, until it is known what became of it.
 */
import { MicropayError } from "../../errors.ts";
import { type Code, codes } from "../../protocol/code.ts";
import { type Refusal, refuse } from "../../protocol/exchange.ts";
import type { Channel } from "../../transport/channel.ts";
import type { MemberContext } from "../member_context.ts";
import { askStatus, type Paid, proven, ResultWatch } from "./payment_result.ts";
import { askPeer } from "./peer_answer.ts";
import { inDoubt, type SentOrder } from "./sent_order.ts";
import { submitOrder } from "./submit_order.ts";

/**
 * Gives the order to the payee and waits for whoever says first what became of it: the server by its push, or the payee with the
 * receipt. A payee's "no" proves nothing: it may have submitted the order all the same, or do so until the order expires. So the
 * server is asked to make the order void.
 *
 * @throws {UnknownOutcomeError} when nobody could say
 */
export async function handToPayee(
  order: SentOrder,
  { peer, member }: { peer: Channel; member: MemberContext },
): Promise<Paid | Refusal> {
  const watch = new ResultWatch(order, member);
  const answered = askPeer(order, { peer, member });
  try {
    const first = await Promise.race([watch.result, answered]);
    if (first.outcome === "paid" || first.outcome === "refused") return first;
    if (watch.told) return watch.told;
    // A "no" that is not only for now is taken at its word: the order is void then, whoever still has it.
    const isOver = first.refusal !== undefined && !codes[first.refusal.code].tryAgain;
    const asked = await ask(order, member, isOver ? { voiding: order.jws } : {});
    if (asked.paid) return asked.paid;
    // The server's own "no", where it gave one, came before its answer just now.
    if (watch.told) return watch.told;
    if (isOver && asked.isUnknown) return refuse(payeesReason(first.refusal!));
    const said = first.refusal ? `, and ${order.payee} answered ${first.refusal.code}` : "";
    throw inDoubt(order, { cause: asked.cause, said });
  } finally {
    watch.stop();
    // Nothing goes on behind the back of whoever was told.
    peer.close();
    await answered;
  }
}

/**
 * Why a payee refused, as far as its word alone goes: an order that is not valid or has expired is all that it refuses by itself. Any
 * other code would be shown as the server's, and a payee may answer "OK", or that the payer's certificate was revoked.
 */
function payeesReason({ code }: Refusal): Code {
  return code === 265 ? 265 : 261;
}

/**
 * Hands an order to the server without its payee.
 *
 * @throws {UnknownOutcomeError} when it was sent and nothing that can be believed came back
 */
export async function handToServer(
  order: SentOrder,
  member: MemberContext,
): Promise<Paid | Refusal> {
  let cause: unknown;
  try {
    const outcome = await submitOrder(member.link, order.jws);
    if (outcome.outcome === "answered") return await proven(outcome.answer.receipt, order, member);
    // 500: it does not know itself. 520: it has not decided.
    if (outcome.code !== 500 && outcome.code !== 520) return outcome;
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    cause = error;
  }
  const asked = await ask(order, member);
  if (asked.paid) return asked.paid;
  throw inDoubt(order, { cause: cause ?? asked.cause });
}

/** What the server says of an order when it is asked. */
interface Asked {
  readonly paid?: Paid;
  readonly isUnknown?: boolean;
  readonly cause?: unknown;
}

/** Asks the server, because nothing conclusive came by itself. Only a receipt is conclusive; and a "no" where the order is void then. */
async function ask(
  order: SentOrder,
  member: MemberContext,
  options: { readonly voiding?: string } = {},
): Promise<Asked> {
  try {
    const status = await askStatus(order.id, member, options);
    if (status.outcome === "refused") return { isUnknown: status.code === 400 };
    return { paid: await proven(status.receiptJws, order, member) };
  } catch (cause) {
    return { cause };
  }
}

/** Waits until the signal aborts. What was waited for goes on; nobody looks at it any more. */
export async function untilAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal | undefined,
  errorOf: () => Error,
): Promise<Result> {
  if (!signal) return await promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(errorOf());
  promise.catch(() => {});
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
