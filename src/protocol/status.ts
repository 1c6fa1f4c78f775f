/** STATUS: what became of an order. Answered to its payer and its payee; to anybody else it is unknown. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { compactJwsShape, orderIdShape } from "./shapes.ts";

const request = v.strictObject({
  id: orderIdShape,
  /** The order with this id, as its payer signed it, that is to be void from now on, unless it is booked. */
  void: v.optional(compactJwsShape),
});
const answer = v.strictObject({ receipt: compactJwsShape });

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
