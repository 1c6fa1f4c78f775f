/** EXIT: goodbye. */
import { answered } from "../../protocol/exchange.ts";
import { exitExchange } from "../../protocol/exit.ts";
import { memberRoute } from "../route.ts";

/** Only answers: the connection is ended, and the member taken offline, by whoever serves the connection. */
export const exitRoute = memberRoute({
  exchange: exitExchange,
  notation: () => "Exit",
  handle: () => Promise.resolve(answered({})),
});
