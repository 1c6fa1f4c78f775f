/** WAITING: the server's push to a member that waits until it is served. */
import * as v from "valibot";
import { countShape } from "./shapes.ts";

/** The `type` of the push. */
export const waitingType = "waiting";

export const waitingShape = v.strictObject({
  /** The place in the waiting room, 1 being the next; 0 says that there is none, and the server closes. */
  place: countShape,
});
