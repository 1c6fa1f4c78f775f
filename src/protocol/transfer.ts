/**
 * The messages of a payment. The payer sends its order to the payee (`pay`), and the payee sends it
 * to the server (`submit`). The server tells the payer the outcome (`result`). For a payee that is
 * offline, the payer submits the order itself, and the server informs the payee later (`payment`).
 */
import * as v from "valibot";
import { ordersPerSubmitMax } from "../limits.ts";
import { type Code, isCode } from "./code.ts";
import { packedReceiptShape } from "./receipt.ts";
import type { RequestType } from "./request_type.ts";
import { seenCheckpointShape } from "./seen_checkpoint.ts";
import { compactJwsShape, digestShape } from "./shapes.ts";

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
const resultShape = v.pipe(
  v.strictObject({
    /**
     * The SHA-256 of the order's compact JWS. Several orders can have one id, and this names one
     * order.
     */
    order: digestShape,
    code: v.custom<Code>(isCode),
    text: v.pipe(v.string(), v.maxLength(1000)),
    receipt: v.optional(packedReceiptShape),
  }),
  v.check(
    ({ code, receipt }) => (code === 130) === (receipt !== undefined),
    "a result has a receipt exactly when its code is 130",
  ),
);
export type Result = v.InferOutput<typeof resultShape>;

/** The body of a `result` push, and the answer to `submit`. */
export const resultsShape = v.strictObject({
  results: v.pipe(v.array(resultShape), v.minLength(1), v.maxLength(ordersPerSubmitMax)),
});

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

/** A booked order with its receipt, as in a `payment` push and in the answer to `status`. */
export const bookedOrderShape = v.strictObject({
  order: compactJwsShape,
  receipt: packedReceiptShape,
});
export type BookedOrder = v.InferOutput<typeof bookedOrderShape>;

/** The body of a `payment` push. */
export const paymentsShape = v.strictObject({
  payments: v.pipe(v.array(bookedOrderShape), v.minLength(1), v.maxLength(ordersPerSubmitMax)),
});
