/**
 * The `exit` request: the member goes offline, and both sides close after the reply. Also the
 * server's own goodbye.
 */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";

export const exitRequestType = {
  type: "exit",
  request: v.strictObject({}),
  success: 120,
  answer: v.strictObject({}),
} as const satisfies RequestType;

/** The `type` of the server's push before it stops, or before it ends a session. */
export const closingType = "closing";

export const closingShape = v.strictObject({
  /** Present only for a member whose certificate was revoked or whose account was closed. */
  dismissed: v.optional(v.literal(true)),
  /** Present only where another login of the same account replaced a connection that was silent. */
  replaced: v.optional(v.literal(true)),
});
