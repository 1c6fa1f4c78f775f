/**
 * From an opened message to its reply. Nothing that a member can send gets past here as an exception.
 */
import { LedgerBusyError, LedgerFullError, ProtocolError } from "../errors.ts";
import type { Message } from "../envelope/message.ts";
import { check, encodeReply, type Outcome, type Refusal, refuse } from "../protocol/exchange.ts";
import { registerExchange } from "../protocol/register.ts";
import type { JsonObject } from "../strict_json.ts";
import type { RequestContext, Route } from "./route.ts";
import { routes } from "./routes.ts";
import { identifySpeaker } from "./session/session.ts";

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
export async function dispatch(
  { message, line }: ReceivedMessage,
  context: RequestContext,
): Promise<{ outcome: Outcome<object>; reply: JsonObject }> {
  const { session, server: { report } } = context;
  const from = { remote: session.channel.remote, name: session.memberName };
  const route = routes.get(message.type);
  const read: Read | Refusal = route ? readRequest(route, message) : refuse(410, "unknown type");
  const notation = "route" in read ? read.route.notation(read.request) : message.type;
  report({ kind: "message", ...from, notation, line });
  const outcome = await answer(read, message, context);
  if (outcome.outcome === "refused") {
    report({ kind: "refused", ...from, code: outcome.code, text: outcome.text });
  }
  const exchange = route?.exchange ?? { success: 300 };
  return { outcome, reply: encodeReply(exchange, message.seq, outcome) };
}

/** A request of a known type, of its shape. */
interface Read {
  readonly route: Route;
  readonly request: unknown;
}

function readRequest(route: Route, { type, body }: Message): Read | Refusal {
  try {
    const request = check(route.exchange.request, body, `read a ${type} request`);
    return { route, request: route.parse(request) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refuse(410, error.message);
  }
}

async function answer(
  read: Read | Refusal,
  { type }: Message,
  context: RequestContext,
): Promise<Outcome<object>> {
  const { channel, memberName: name } = context.session;
  try {
    // Who asks comes before what: somebody who may not ask this is told so, however it is spelled.
    const refusal = await refuseSpeaker(type, context);
    if (refusal) return refusal;
    return "route" in read ? await handle(read, context) : read;
  } catch (error) {
    if (error instanceof LedgerFullError || error instanceof LedgerBusyError) {
      const attempt = `answer ${type}`;
      context.server.report({ kind: "fault", remote: channel.remote, name, attempt, error });
      return refuse(510);
    }
    throw error;
  }
}

/** Why this side may not ask this at all. */
async function refuseSpeaker(
  type: string,
  { dismiss, server, session }: RequestContext,
): Promise<Refusal | undefined> {
  const isRegister = type === registerExchange.type;
  if (session.isSurplus) return refuse(230);
  if (session.speaker.kind === "unrecognized") return refuse(220);
  if (session.speaker.kind === "applicant") return isRegister ? undefined : refuse(240);
  // Asked again each time, a small thing beside opening the message: from the moment that the operator revokes a certificate
  // it must not do anything more, and the server looks at its ledger only once a second by itself.
  const { kind } = await identifySpeaker(session.channel.peer, server.ledger);
  if (kind !== "member") {
    dismiss();
    return refuse(220);
  }
  // A member is registered already.
  return isRegister ? refuse(210) : undefined;
}

async function handle({ route, request }: Read, context: RequestContext): Promise<Outcome<object>> {
  const { speaker } = context.session;
  if (route.admits === "applicant" && speaker.kind === "applicant") {
    return await route.handle(request, { ...context, request: speaker.request });
  }
  if (route.admits === "member" && speaker.kind === "member") {
    return await route.handle(request, { ...context, name: speaker.name });
  }
  throw new TypeError(`${route.exchange.type} cannot be asked by a ${speaker.kind}`);
}
