/**
 * The `status` request: the outcome of an order. The server answers its payer and payee; for others
 * the order is unknown.
 */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { compactJwsShape, countShape, orderIdShape } from "./shapes.ts";
import { bookedOrderShape } from "./transfer.ts";

export const statusRequestType = {
  type: "status",
  request: v.strictObject({
    id: orderIdShape,
    /** The signed order of this id. Unless it is booked, it is void from now on. */
    void: v.optional(compactJwsShape),
  }),
  success: 130,
  answer: v.strictObject({
    ...bookedOrderShape.entries,
    /** The sum of a payment's refunds. Absent for other entries. */
    refunded: v.optional(countShape),
  }),
} as const satisfies RequestType;
