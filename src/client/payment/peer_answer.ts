/**
 * What the payee says to an order. It is believed only where it brings a receipt.
 */
import { MicropayError, ProtocolError } from "../../errors.ts";
import { decodeOutcome, decodeReply, type Refusal } from "../../protocol/exchange.ts";
import { payExchange } from "../../protocol/transfer.ts";
import type { Channel } from "../../transport/channel.ts";
import type { MemberContext } from "../member_context.ts";
import { type Paid, proven } from "./payment_result.ts";
import type { SentOrder } from "./sent_order.ts";

/** The payee refused, or said nothing that proves anything. */
export interface Unproven {
  readonly outcome: "unproven";
  readonly refusal: Refusal | undefined;
}

/** Never throws: whatever the payee does, the server is asked next. */
export async function askPeer(
  order: SentOrder,
  { peer, member }: { peer: Channel; member: MemberContext },
): Promise<Paid | Unproven> {
  try {
    const { seq } = peer.send(payExchange.type, { order: order.jws });
    const arrival = await peer.receive({ idleTimeoutMs: member.timeoutMs });
    if (arrival.kind === "end") return unproven();
    const reply = decodeReply(arrival.message.body);
    if (reply.re !== seq) throw new ProtocolError("read the payee's answer: to another message");
    const outcome = decodeOutcome(payExchange, reply);
    if (outcome.outcome === "refused") return unproven(outcome);
    return await proven(outcome.answer.receipt, order, member);
  } catch (error) {
    if (!(error instanceof MicropayError)) throw error;
    return unproven();
  }
}

export function unproven(refusal?: Refusal): Unproven {
  return { outcome: "unproven", refusal };
}
