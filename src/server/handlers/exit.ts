/** EXIT: ends a session. */
import { answerWith } from "../../protocol/request_type.ts";
import { exitRequestType } from "../../protocol/exit.ts";
import { memberRoute } from "../route.ts";

/** Answers only. `ServedSession` takes the member offline and ends the connection. */
export const exitRoute = memberRoute({
  requestType: exitRequestType,
  notation: () => "Exit",
  handle: () => Promise.resolve(answerWith({})),
});
