/** EXIT: goes offline; both sides close after the reply. And the server's own goodbye. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";

const request = v.strictObject({});
const answer = v.strictObject({});

export const exitExchange = {
  type: "exit",
  request,
  success: 120,
  answer,
} as const satisfies Exchange<
  "exit",
  unknown,
  unknown
>;

/** The `type` of the server's push before it stops, or before it ends the sessions of one member. */
export const closingType = "closing";

export const closingShape = v.strictObject({
  /** There for a member whose certificate was revoked or whose account was closed, and for nobody else. */
  dismissed: v.optional(v.literal(true)),
});
