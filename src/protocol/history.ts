/**
 * The `history` request: the entries of the sender's account with their proofs, newest first or
 * after an entry, in pages.
 */
import * as v from "valibot";
import { pageRowsMax } from "../limits.ts";
import { entryKinds } from "../ledger/entry.ts";
import type { RequestType } from "./request_type.ts";
import {
  amountShape,
  compactJwsShape,
  countShape,
  entryNumberShape,
  entrySideShape,
  instantShape,
  memoShape,
  orderIdShape,
} from "./shapes.ts";

/** An entry of a history, with the order and the receipt as compact JWS. */
const historyRowShape = v.strictObject({
  entry: entryNumberShape,
  id: orderIdShape,
  at: instantShape,
  kind: v.picklist(entryKinds),
  payer: entrySideShape,
  payee: entrySideShape,
  amount: amountShape,
  memo: v.optional(memoShape),
  /** The id of the payment that a refund gives back. */
  refunds: v.optional(orderIdShape),
  /** The sender's balance after this entry. */
  balance: countShape,
  /** The payer's order and the server's receipt for it. */
  order: compactJwsShape,
  receipt: compactJwsShape,
});
export type HistoryRow = v.InferOutput<typeof historyRowShape>;

export const historyRequestType = {
  type: "history",
  request: v.strictObject({
    /** Most rows of the page. */
    limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(pageRowsMax)),
    /** Only entries with a smaller number, newest first. Without it and `after`: the newest. */
    before: v.optional(entryNumberShape),
    /** Only entries with a greater number, oldest first. Not together with `before`. */
    after: v.optional(countShape),
  }),
  success: 300,
  answer: v.strictObject({
    entries: v.pipe(v.array(historyRowShape), v.maxLength(pageRowsMax)),
    /** Whether further pages follow. */
    more: v.boolean(),
  }),
} as const satisfies RequestType;
