/** `ping` and `pong`: whether a silent member is still there. Neither gets a reply. */
import * as v from "valibot";
import type { JsonObject } from "../strict_json.ts";

/** The `type` of the server's push to a silent member. */
export const pingType = "ping";

/** The `type` of the member's answer. Any other message in time proves the same. */
export const pongType = "pong";

/** The body of both. */
export const pingShape = v.strictObject({});

/**
 * Returns whether a message is a `pong`, which gets no reply. One with another body is an unknown
 * request.
 */
export function isPong({ type, body }: { readonly type: string; readonly body: JsonObject }) {
  return type === pongType && v.is(pingShape, body);
}
