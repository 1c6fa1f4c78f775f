/**
 * From an opened message to its reply. Nothing that a member can send gets past here as an exception.
 */
import { LedgerBusyError, LedgerFullError, ProtocolError } from "../errors.ts";
import type { Message } from "../envelope/message.ts";
import { check, encodeReply, type Outcome, type Refusal, refuse } from "../protocol/exchange.ts";
import type { JsonObject } from "../strict_json.ts";
import type { RequestContext, Route } from "./route.ts";
import { routes } from "./routes.ts";
import { identifySpeaker } from "./session.ts";

/** A message with the one line it came in. */
export interface ReceivedMessage {
  readonly message: Message;
  readonly line: string;
}

/**
 * Answers one request. Malformed requests, refusals and a ledger without room become replies; only what the server cannot go on
 * with is thrown.
 *
 * @returns the outcome and the reply's body
 * @throws {LedgerError} when the ledger's storage failed
 */
export async function answerRequest(
  { message, line }: ReceivedMessage,
  context: RequestContext,
): Promise<{ outcome: Outcome<object>; reply: JsonObject }> {
  const { session, server: { report } } = context;
  const from = { remote: session.channel.remote, name: session.memberName };
  const route = routes.get(message.type);
  const request = route ? readRequest(route, message) : refuse(410);
  const isReadable = route !== undefined && !("outcome" in request);
  const notation = isReadable ? route.notation(request.value) : message.type;
  report({ kind: "message", ...from, notation, line });
  const outcome = isReadable ? await handle(route, request.value, context) : request as Refusal;
  if (outcome.outcome === "refused") {
    report({ kind: "refused", ...from, code: outcome.code, text: outcome.text });
  }
  const exchange = route?.exchange ?? { success: 300 };
  return { outcome, reply: encodeReply(exchange, message.seq, outcome) };
}

function readRequest(route: Route, { type, body }: Message): { value: unknown } | Refusal {
  try {
    return { value: check(route.exchange.request, body, `read a ${type} request`) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refuse(410, error.message);
  }
}

async function handle(
  route: Route,
  request: unknown,
  context: RequestContext,
): Promise<Outcome<object>> {
  const { speaker, channel, memberName: name } = context.session;
  try {
    if (context.session.isSurplus) return refuse(230);
    if (speaker.kind === "stranger") return refuse(220);
    if (route.admits === "applicant") {
      // A member is registered already.
      if (speaker.kind !== "applicant") return refuse(210);
      return await route.handle(request, { ...context, request: speaker.request });
    }
    if (speaker.kind !== "member") return refuse(240);
    // Asked again each time, a small thing beside opening the message: from the moment that the operator revokes a certificate
    // it must not do anything more, and the server looks at its ledger only once a second by itself.
    const { kind } = await identifySpeaker(channel.correspondent, context.server.ledger);
    if (kind !== "member") {
      context.dismiss();
      return refuse(220);
    }
    return await route.handle(request, { ...context, name: speaker.name });
  } catch (error) {
    if (error instanceof LedgerFullError || error instanceof LedgerBusyError) {
      const attempt = `answer ${route.exchange.type}`;
      context.server.report({ kind: "fault", remote: channel.remote, name, attempt, error });
      return refuse(510);
    }
    throw error;
  }
}
