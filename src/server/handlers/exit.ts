/** EXIT: goodbye. */
import { answerWith } from "../../protocol/request_type.ts";
import { exitRequestType } from "../../protocol/exit.ts";
import { memberRoute } from "../route.ts";

/** Only answers: the connection is ended, and the member taken offline, by whoever serves the connection. */
export const exitRoute = memberRoute({
  requestType: exitRequestType,
  notation: () => "Exit",
  handle: () => Promise.resolve(answerWith({})),
});
