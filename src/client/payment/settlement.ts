/**
 * Finding out what became of the orders that were left open.
 */
import { MicropayError } from "../../errors.ts";
import type { SignedOrder } from "../../protocol/order.ts";
import type { OrderDelivery, TrackedOrder } from "./order_delivery.ts";
import { isSamePayment, type Paid } from "./order_outcome.ts";

/** One order that was open. */
export type Settled =
  & { readonly order: SignedOrder }
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
 * Asks the server about every open order, and removes those whose outcome is known. It asks about a
 * refused order only after its expiry, and yields it only when it was booked after all.
 *
 * After the first failure it asks nothing more, and yields the other orders as unknown.
 *
 * @param options.except ids of orders that the caller settles itself
 * @throws {FileError} when the wallet cannot be read
 */
export async function* settleOutbox(
  delivery: OrderDelivery,
  { except }: { readonly except?: ReadonlySet<string> | undefined } = {},
): AsyncGenerator<Settled> {
  let failure: MicropayError | undefined;
  for (const id of await delivery.member.outbox.ids()) {
    if (except?.has(id)) continue;
    const open = await delivery.find(id);
    if (!open || open.progress.next === "done") continue;
    const settled: Settled = failure
      ? { order: open.order, outcome: "unknown", error: failure }
      : await settle(open, delivery);
    if (settled.outcome === "unknown") failure ??= settled.error;
    if (settled.outcome === "done" || open.progress.state !== "refused") yield settled;
  }
}

async function settle(open: TrackedOrder, delivery: OrderDelivery): Promise<Settled> {
  const { order } = open;
  const { cause, paid, state, takenBy } = await delivery.ask(open);
  if (paid) return { order, outcome: "done", paid };
  if (state === "void") await delivery.forget(order);
  if (takenBy && isSamePayment(takenBy, order.payload)) {
    return { order, outcome: "done", paid: takenBy };
  }
  if (state === "void") return { order, outcome: "not_done" };
  if (cause instanceof MicropayError) return { order, outcome: "unknown", error: cause };
  return { order, outcome: "open" };
}
