/**
 * The `exit` request: the member goes offline, and both sides close after the reply. Also the
 * server's own goodbye.
 */
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";

const request = v.strictObject({});
const answer = v.strictObject({});

/** No members in the request or the answer. */
export const exitRequestType = {
  type: "exit",
  request,
  success: 120,
  answer,
} as const satisfies RequestType<
  "exit",
  unknown,
  unknown
>;

/** The `type` of the server's push before it stops, or before it ends a member's sessions. */
export const closingType = "closing";

/** The body of a `closing` push. */
export const closingShape = v.strictObject({
  /** Present only for a member whose certificate was revoked or whose account was closed. */
  dismissed: v.optional(v.literal(true)),
});
