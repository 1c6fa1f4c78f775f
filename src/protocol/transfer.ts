/**
 * The messages of a payment. The payer sends its order to the payee (`pay`), and the payee sends it
 * to the server (`submit`). The server tells the payer the outcome (`result`). For a payee that is
 * offline, the payer submits the order itself, and the server informs the payee later (`payment`).
 */
import * as v from "valibot";
import { ProtocolError } from "../errors.ts";
import { ordersPerSubmitMax } from "../limits.ts";
import { type Code, isCode } from "./code.ts";
import type { JsonObject } from "../strict_json.ts";
import { check, type RequestType } from "./request_type.ts";
import { seenCheckpointShape } from "./seen_checkpoint.ts";
import { base64UrlShape, compactJwsShape, digestShape } from "./shapes.ts";

/** The payer's request to the payee, over their own connection. */
export const payRequestType = {
  type: "pay",
  request: v.strictObject({
    order: compactJwsShape,
    /** The newest checkpoint that the payer verified. */
    seen: v.optional(seenCheckpointShape),
  }),
  success: 130,
  answer: v.never(),
} as const satisfies RequestType;

/** The outcome of one order. */
export interface Result {
  /**
   * The SHA-256 of the order's compact JWS. Several orders can have one id, and this names one
   * order.
   */
  readonly order: string;
  readonly code: Code;
  readonly text: string;
  /** The receipt's compact JWS, present exactly when `code` is 130. */
  readonly receipt?: string;
}

/**
 * Results on the wire. All receipts in a message have the same header, which contains the server's
 * certificate. It is sent once, because 25 receipts with a header each would not fit into a line.
 */
export const resultsShape = v.strictObject({
  /** The receipts' first part. Present when there is a receipt. */
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
 * The request of a payee or payer to the server, with signed orders. The reply has a result for
 * each text, in the same order, also for a text that is not an order.
 */
export const submitRequestType = {
  type: "submit",
  request: v.strictObject({
    orders: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(ordersPerSubmitMax)),
  }),
  success: 300,
  answer: resultsShape,
} as const satisfies RequestType;

/** The `type` of the server's push to the payer of orders that the payee submitted. */
export const resultType = "result";

/** The `type` of the server's push to an online payee, for orders that the payer submitted. */
export const paymentType = "payment";

/** The body of a `payment` push: orders with their receipts, as compact JWS. */
export const paymentsShape = v.strictObject({
  payments: v.pipe(
    v.array(v.strictObject({ order: compactJwsShape, receipt: compactJwsShape })),
    v.minLength(1),
    v.maxLength(ordersPerSubmitMax),
  ),
});

/**
 * Encodes results for the wire.
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
 * Decodes results from the wire.
 *
 * @returns a result for each order, with complete receipts
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
 * Decodes the body of a `result`.
 *
 * @throws {ProtocolError} when it does not have its shape, or as {@link unpackResults}
 */
export function decodeResults(body: JsonObject): Result[] {
  return unpackResults(check(resultsShape, body, "read results"));
}
