/**
 * PING and PONG: whether somebody who says nothing is still there. Neither is answered by a reply.
 */
import * as v from "valibot";

/** The `type` of the server's push to a member that has been silent. */
export const pingType = "ping";

/** The `type` of the member's message at a `ping`. Any other message that comes in time says the same. */
export const pongType = "pong";

/** The body of both. */
export const pingShape = v.strictObject({});
