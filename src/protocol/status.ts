/** STATUS: what became of an order. Answered to its payer and its payee; to anybody else it is unknown. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { compactJwsShape, digestShape, orderIdShape } from "./shapes.ts";

const request = v.strictObject({
  id: orderIdShape,
  /** SHA-256 over the compact JWS of an order that is to be void from now on, unless it is booked. */
  void: v.optional(digestShape),
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
