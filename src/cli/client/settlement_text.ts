/**
 * Texts about payments that were in doubt, and their outcomes.
 */
import type { Settled } from "../../client/payment/settlement.ts";
import { printable } from "../../printable.ts";

export function settlementText(settled: Settled): string {
  const order = settled.order.payload;
  const payment = `micropay: the payment ${order.id} of ${order.amount} to ${order.payee}`;
  switch (settled.outcome) {
    case "done":
      return `${payment}, which was in doubt, is done: entry ${settled.paid.receipt.payload.entry}`;
    case "not_done":
      return `${payment}, which was in doubt, was not booked and never will be`;
    case "open":
      // The payment was interrupted, or another terminal is paying it. Both look the same here.
      return `${payment} is not booked so far; it can be until ${
        expiryOf(settled)
      }, and the next command after that says whether it was`;
    case "unknown":
      return `${payment} is in doubt: ${
        printable(settled.error.message)
      }. The next command asks again`;
  }
}

export function settlementFields(settled: Settled): object {
  const { id, payee: to, amount } = settled.order.payload;
  const fields = { event: "settled", id, to, amount, outcome: settled.outcome };
  switch (settled.outcome) {
    case "done":
      return {
        ...fields,
        entry: settled.paid.receipt.payload.entry,
        receipt: settled.paid.receipt.text,
      };
    case "not_done":
      return fields;
    case "open":
      return { ...fields, until: expiryOf(settled) };
    case "unknown":
      return { ...fields, text: settled.error.message };
  }
}

function expiryOf({ order: { payload } }: Settled): string {
  return new Date(payload.exp * 1000).toISOString();
}
