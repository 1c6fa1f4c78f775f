/** The server's push `waiting`, to a member that waits to be served. */
import * as v from "valibot";
import { countShape } from "./shapes.ts";

export const waitingType = "waiting";

export const waitingShape = v.strictObject({
  /**
   * The place in the waiting room: 1 is the next. 0 means that there is none, and the server
   * closes.
   */
  place: countShape,
});
