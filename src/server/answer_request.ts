/**
 * From an opened message to its reply. Nothing that a member can send gets past here as an exception.
 */
import { LedgerBusyError, LedgerFullError, ProtocolError } from "../errors.ts";
import type { Message } from "../envelope/message.ts";
import { check, encodeReply, type Outcome, refuse } from "../protocol/exchange.ts";
import type { JsonObject } from "../strict_json.ts";
import type { RequestContext, Route } from "./route.ts";
import { routes } from "./routes.ts";

export interface Answer {
  /** The reply's body. */
  readonly reply: JsonObject;
  readonly code: number;
  /** The request in the course project's notation. */
  readonly notation: string;
}

/**
 * Answers one request. Malformed requests, refusals and a ledger without room become replies; only what the server cannot go on
 * with is thrown.
 *
 * @throws {LedgerError} when the ledger's storage failed
 */
export async function answerRequest(message: Message, context: RequestContext): Promise<Answer> {
  const route = routes.get(message.type);
  // Longer than any type of ours is possible, but of letters only: the envelope saw to that.
  if (!route) return answer({ success: 300 }, message, refuse(410), message.type);
  let request: unknown;
  try {
    request = check(route.exchange.request, message.body, `read a ${message.type} request`);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return answer(route.exchange, message, refuse(410, error.message), message.type);
  }
  const outcome = await handle(route, request, context);
  return answer(route.exchange, message, outcome, route.notation(request));
}

function answer(
  exchange: Pick<Route["exchange"], "success">,
  { seq }: Message,
  outcome: Outcome<object>,
  notation: string,
): Answer {
  const reply = encodeReply(exchange, seq, outcome);
  return { reply, code: reply.code as number, notation };
}

async function handle(
  route: Route,
  request: unknown,
  context: RequestContext,
): Promise<Outcome<object>> {
  const { speaker } = context.session;
  try {
    if (speaker.kind === "stranger") return refuse(220);
    if (route.admits === "applicant") {
      // A member is registered already.
      if (speaker.kind !== "applicant") return refuse(210);
      return await route.handle(request, { ...context, request: speaker.request });
    }
    if (speaker.kind !== "member") return refuse(240);
    return await route.handle(request, { ...context, name: speaker.name });
  } catch (error) {
    if (error instanceof LedgerFullError || error instanceof LedgerBusyError) {
      context.server.report({ kind: "fault", attempt: `answer ${route.exchange.type}`, error });
      return refuse(510);
    }
    throw error;
  }
}
