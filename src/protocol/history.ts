/** HISTORY: the entries of the own account, newest first, a page at a time. */
import * as v from "valibot";
import { pageRowsMax } from "../limits.ts";
import type { Exchange } from "./exchange.ts";
import {
  amountShape,
  countShape,
  entryNumberShape,
  instantShape,
  memoShape,
  orderIdShape,
} from "./shapes.ts";

const pageLimit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(pageRowsMax));

const request = v.strictObject({
  /** How many rows at the most. */
  limit: pageLimit,
  /** Only entries with a smaller number. Absent for the newest. */
  before: v.optional(entryNumberShape),
});

/** A name, or the issuing account's. */
const partyShape = v.pipe(v.string(), v.regex(/^@?[a-z0-9][a-z0-9._-]{0,31}$/));

export const historyRowShape = v.strictObject({
  entry: entryNumberShape,
  id: orderIdShape,
  at: instantShape,
  from: partyShape,
  to: partyShape,
  amount: amountShape,
  memo: v.optional(memoShape),
  /** The asking account's balance after this entry. */
  balance: countShape,
});
export type HistoryRow = v.InferOutput<typeof historyRowShape>;

const answer = v.strictObject({
  entries: v.pipe(v.array(historyRowShape), v.maxLength(pageRowsMax)),
  /** Whether there are older entries than the last one of this page. */
  more: v.boolean(),
});

export const historyExchange = {
  type: "history",
  request,
  success: 300,
  answer,
} as const satisfies Exchange<"history", unknown, unknown>;
