/**
 * Finding out what became of the orders that were left open.
 */
import { MicropayError } from "../../errors.ts";
import type { OpenOrder } from "../wallet/wallet_store.ts";
import type { OrderDelivery, TrackedOrder } from "./order_delivery.ts";
import { isSamePayment, type Paid } from "./order_outcome.ts";

/** One order that was open. */
export type Settled =
  & { readonly open: OpenOrder }
  & (
    /** Booked, or the same payment was booked under this id from another terminal. */
    | { readonly outcome: "done"; readonly paid: Paid }
    /** Never booked. */
    | { readonly outcome: "not_done" }
    /** Not booked so far. It can be until the order expires. */
    | { readonly outcome: "open" }
    /** The server could not be asked, or the receipt could not be kept. */
    | { readonly outcome: "unknown"; readonly error: MicropayError }
  );

/**
 * Asks the server about every open order, and removes those whose outcome is known. An order that
 * the server refused is asked for when it has expired, and is told only when it was booked all the
 * same.
 *
 * After the first failure the other orders are told as unknown, and nothing more is asked.
 *
 * @throws {FileError} when the wallet cannot be read
 */
export async function* settleOutbox(delivery: OrderDelivery): AsyncGenerator<Settled> {
  const { outbox } = delivery.member;
  let failure: MicropayError | undefined;
  for (const id of await outbox.ids()) {
    const open = await outbox.get(id);
    if (!open) continue;
    const tracked = delivery.track(open);
    if (tracked.progress.next === "done") continue;
    const settled: Settled = failure
      ? { open, outcome: "unknown", error: failure }
      : await settle(tracked, delivery);
    if (settled.outcome === "unknown") failure ??= settled.error;
    if (settled.outcome === "done" || open.state !== "refused") yield settled;
  }
}

async function settle(tracked: TrackedOrder, delivery: OrderDelivery): Promise<Settled> {
  const { open } = tracked;
  const { cause, paid, state, takenBy } = await delivery.ask(tracked);
  if (paid) return { open, outcome: "done", paid };
  if (takenBy && isSamePayment(takenBy.receipt, open.order)) {
    return { open, outcome: "done", paid: takenBy };
  }
  if (state === "void") return { open, outcome: "not_done" };
  if (cause instanceof MicropayError) return { open, outcome: "unknown", error: cause };
  return { open, outcome: "open" };
}
