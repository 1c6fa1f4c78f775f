/**
 * How an order travels: the payer hands it to the payee (`pay`), the payee to the server (`submit`), and the server tells the
 * payer what became of it (`result`). For a payee that is offline the payer submits it itself; the server tells the payee of
 * money that came that way (`payment`).
 */
import * as v from "valibot";
import { type Code, isCode } from "./code.ts";
import type { Exchange } from "./exchange.ts";
import { compactJwsShape, digestShape, orderIdShape } from "./shapes.ts";

const orderBody = v.strictObject({ order: compactJwsShape });
const receiptBody = v.strictObject({ receipt: compactJwsShape });

/** Payer to payee, over their own connection. */
export const payExchange = {
  type: "pay",
  request: orderBody,
  success: 130,
  answer: receiptBody,
} as const satisfies Exchange<"pay", unknown, unknown>;

/** Payee, or payer, to server: the order exactly as the payer signed it. */
export const submitExchange = {
  type: "submit",
  request: orderBody,
  success: 130,
  answer: receiptBody,
} as const satisfies Exchange<"submit", unknown, unknown>;

/** The `type` of the server's push to the payer. */
export const resultType = "result";

/** What became of an order. Only a booked one has a receipt. */
export const resultShape = v.strictObject({
  id: orderIdShape,
  /** SHA-256 over the order's compact JWS: the id may have been used for another order before. */
  order: digestShape,
  code: v.custom<Code>(isCode),
  text: v.pipe(v.string(), v.maxLength(1000)),
  receipt: v.optional(compactJwsShape),
});
export type Result = v.InferOutput<typeof resultShape>;

/** The `type` of the server's push to a payee that is online, for an order that its payer submitted. */
export const paymentType = "payment";

export const paymentShape = v.strictObject({ order: compactJwsShape, receipt: compactJwsShape });
