/**
 * PING and PONG: whether somebody who says nothing is still there. Neither is answered by a reply.
 */
import * as v from "valibot";
import type { JsonObject } from "../strict_json.ts";

/** The `type` of the server's push to a member that has been silent. */
export const pingType = "ping";

/** The `type` of the member's message at a `ping`. Any other message that comes in time says the same. */
export const pongType = "pong";

/** The body of both. */
export const pingShape = v.strictObject({});

/** Whether a message is a `pong`, which is not answered. What only calls itself one is a request that nobody knows. */
export function isPong({ type, body }: { readonly type: string; readonly body: JsonObject }) {
  return type === pongType && v.is(pingShape, body);
}
