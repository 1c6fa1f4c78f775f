/**
 * How an order travels. The payer hands it to the payee (`pay`), the payee hands it to the server
 * (`submit`), and the server tells the payer the outcome (`result`). The payer may submit it
 * instead, for a payee that is offline; the server then tells the payee (`payment`).
 */
import * as v from "valibot";
import { ProtocolError } from "../errors.ts";
import { ordersPerSubmitMax } from "../limits.ts";
import { type Code, isCode } from "./code.ts";
import type { JsonObject } from "../strict_json.ts";
import { check, type Exchange } from "./exchange.ts";
import { base64UrlShape, compactJwsShape, digestShape } from "./shapes.ts";

/**
 * Payer to payee, over their own connection. A payee replies only to refuse: the server tells the
 * payer the outcome.
 */
export const payExchange = {
  type: "pay",
  request: v.strictObject({ order: compactJwsShape }),
  success: 130,
  answer: v.never(),
} as const satisfies Exchange<"pay", unknown, unknown>;

/** The outcome of one order. */
export interface Result {
  /** SHA-256 over the order's compact JWS. An id can be used for several orders; this names one. */
  readonly order: string;
  readonly code: Code;
  readonly text: string;
  /** The receipt's compact JWS, present exactly when `code` is 130. */
  readonly receipt?: string;
}

/**
 * Results as they travel. All receipts of one message have the same header, which holds the
 * server's certificate. It is sent once: 25 receipts with a header each would not fit a line.
 */
export const resultsShape = v.strictObject({
  /** The receipts' first part, present when there is a receipt. */
  header: v.optional(base64UrlShape),
  results: v.pipe(
    v.array(v.strictObject({
      order: digestShape,
      code: v.custom<Code>(isCode),
      text: v.pipe(v.string(), v.maxLength(1000)),
      /** The receipt's second and third part, with the dot between them. */
      receipt: v.optional(v.pipe(v.string(), v.maxLength(2000), v.regex(/^[\w-]+\.[\w-]+$/))),
    })),
    v.minLength(1),
    v.maxLength(ordersPerSubmitMax),
  ),
});
export type ResultsBody = v.InferOutput<typeof resultsShape>;

/**
 * Payee, or payer, to server: orders exactly as they were signed. The reply has one result for each
 * order, in the same order. A text that is no order gets a result as well.
 */
export const submitExchange = {
  type: "submit",
  request: v.strictObject({
    orders: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(ordersPerSubmitMax)),
  }),
  success: 300,
  answer: resultsShape,
} as const satisfies Exchange<"submit", unknown, unknown>;

/** The `type` of the server's push to the payer of orders that the payee submitted. */
export const resultType = "result";

/** The `type` of the server's push to a payee that is online, for orders that the payer submitted. */
export const paymentType = "payment";

export const paymentsShape = v.strictObject({
  payments: v.pipe(
    v.array(v.strictObject({ order: compactJwsShape, receipt: compactJwsShape })),
    v.minLength(1),
    v.maxLength(ordersPerSubmitMax),
  ),
});
export type PaymentsBody = v.InferOutput<typeof paymentsShape>;

/**
 * Writes results as they travel.
 *
 * @param results their receipts all have the same header
 * @returns the body of a `result`, or the answer to a `submit`
 */
export function packResults(results: readonly Result[]): ResultsBody {
  const receipt = results.find((result) => result.receipt !== undefined)?.receipt;
  return {
    ...(receipt !== undefined && { header: receipt.slice(0, receipt.indexOf(".")) }),
    results: results.map(({ order, code, text, receipt }) => ({
      order,
      code,
      text,
      ...(receipt !== undefined && { receipt: receipt.slice(receipt.indexOf(".") + 1) }),
    })),
  };
}

/**
 * Reads results that travelled.
 *
 * @returns one result for each, with whole receipts
 * @throws {ProtocolError} when a receipt is missing, has no header, or comes with a refusal
 */
export function unpackResults({ header, results }: ResultsBody): Result[] {
  return results.map(({ receipt, ...result }) => {
    if ((receipt !== undefined) !== (result.code === 130)) {
      throw new ProtocolError("read a result: it has a receipt without 130, or 130 without one");
    }
    if (receipt === undefined) return result;
    if (header === undefined) throw new ProtocolError("read a result: its receipt has no header");
    return { ...result, receipt: `${header}.${receipt}` };
  });
}

/**
 * Reads the body of a `result`.
 *
 * @throws {ProtocolError} when it is not of its shape, or as {@link unpackResults}
 */
export function decodeResults(body: JsonObject): Result[] {
  return unpackResults(check(resultsShape, body, "read results"));
}
