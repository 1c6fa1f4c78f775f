/**
 * Finding out what became of the payments that were left in doubt.
 */
import { MicropayError } from "../errors.ts";
import type { MemberContext } from "./member_context.ts";
import type { OutboxItem } from "./outbox.ts";
import { askStatus, proven } from "./payment_result.ts";

/** One payment that was in doubt. */
export interface Settled {
  readonly item: OutboxItem;
  /**
   * `done`: booked, the receipt is stored. `not_done`: not booked, and never will be. `open`: not booked, but it may still be until
   * the order expires.
   */
  readonly outcome: "done" | "not_done" | "open";
}

/**
 * Asks the server about every order in the outbox and takes those out that are decided. A payment that was refused and stays so is not
 * worth a word: its payer was told.
 *
 * @throws {ClosedError} | {TimeoutError} when the server does not answer
 */
export async function settleOutbox(member: MemberContext): Promise<Settled[]> {
  const settled: Settled[] = [];
  for (const id of await member.outbox.ids()) {
    const item = await member.outbox.get(id);
    if (!item) continue;
    const outcome = await settle(item, member);
    if (outcome === undefined) continue;
    if (outcome !== "open") await member.outbox.remove(id);
    if (outcome === "done" || !item.isRefused) settled.push({ item, outcome });
  }
  return settled;
}

/** @returns `undefined` when the server would not say */
async function settle(
  { order, jws }: OutboxItem,
  member: MemberContext,
): Promise<Settled["outcome"] | undefined> {
  const status = await askStatus(order.id, member);
  if (status.outcome === "paid") {
    try {
      await proven(status.receiptJws, { ...order, jws }, member);
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
      // Another order was booked under this id; so this one never will be.
      return "not_done";
    }
    return "done";
  }
  if (status.code !== 400) return undefined;
  // The server refuses an order from the second `exp` on, by the clock that this is.
  return member.link.nowMs() > order.exp * 1000 ? "not_done" : "open";
}
