/** HISTORY: the entries of the own account with their proofs, newest first or onward from an entry, a page at a time. */
import * as v from "valibot";
import { pageRowsMax } from "../limits.ts";
import { entryKinds } from "../ledger/entry.ts";
import type { Exchange } from "./exchange.ts";
import {
  amountShape,
  compactJwsShape,
  countShape,
  entryNumberShape,
  entryPartyShape,
  instantShape,
  memoShape,
  orderIdShape,
} from "./shapes.ts";

const pageLimit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(pageRowsMax));

const request = v.strictObject({
  /** How many rows at the most. */
  limit: pageLimit,
  /** Only entries with a smaller number, newest first. Without it and `after`: from the newest. */
  before: v.optional(entryNumberShape),
  /** Only entries with a greater number, oldest first. Not together with `before`. */
  after: v.optional(countShape),
});

export const historyRowShape = v.strictObject({
  entry: entryNumberShape,
  id: orderIdShape,
  at: instantShape,
  kind: v.picklist(entryKinds),
  payer: entryPartyShape,
  payee: entryPartyShape,
  amount: amountShape,
  memo: v.optional(memoShape),
  /** Of a refund: the id of the payment that it gives back. */
  refunds: v.optional(orderIdShape),
  /** The asking account's balance after this entry. */
  balance: countShape,
  /** The payer's order and the server's receipt for it. */
  order: compactJwsShape,
  receipt: compactJwsShape,
});
export type HistoryRow = v.InferOutput<typeof historyRowShape>;

const answer = v.strictObject({
  entries: v.pipe(v.array(historyRowShape), v.maxLength(pageRowsMax)),
  /** Whether there are more entries beyond the last one of this page. */
  more: v.boolean(),
});

export const historyExchange = {
  type: "history",
  request,
  success: 300,
  answer,
} as const satisfies Exchange<"history", unknown, unknown>;
