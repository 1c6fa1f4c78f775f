/** STATUS: what became of an order. Answered to its payer and payee; to anybody else it is unknown. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { compactJwsShape, countShape, orderIdShape } from "./shapes.ts";

const request = v.strictObject({
  id: orderIdShape,
  /** The order with this id, as its payer signed it. Unless it is booked, it is void from now on. */
  void: v.optional(compactJwsShape),
});
const answer = v.strictObject({
  receipt: compactJwsShape,
  /** Of a payment: the sum of its refunds, 0 when there is none. */
  refunded: v.optional(countShape),
});

export const statusExchange = {
  type: "status",
  request,
  success: 130,
  answer,
} as const satisfies Exchange<
  "status",
  unknown,
  unknown
>;
