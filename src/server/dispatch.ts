/** From an opened message to its reply. No message of a member makes it throw. */
import { isLedgerUnavailable, ProtocolError } from "../errors.ts";
import type { Message } from "../envelope/message.ts";
import {
  check,
  encodeReply,
  type Outcome,
  type Refusal,
  refuse,
} from "../protocol/request_type.ts";
import { registerRequestType } from "../protocol/register.ts";
import { submitRequestType } from "../protocol/transfer.ts";
import type { JsonObject } from "../strict_json.ts";
import { codeOfUnavailable } from "./ledger_faults.ts";
import type { RequestContext, Route } from "./route.ts";
import { routes } from "./routes.ts";
import { identifySpeaker } from "./session/session.ts";

/** A message with the one line it came in. */
export interface ReceivedMessage {
  readonly message: Message;
  readonly line: string;
}

/**
 * Answers one request. Malformed requests, refusals and a ledger without room become replies. It
 * throws only what stops the server.
 *
 * @returns the outcome and the reply's body
 * @throws {LedgerError} when the ledger's storage failed
 */
export async function dispatch(
  { message, line }: ReceivedMessage,
  asker: Omit<RequestContext, "reportRequest">,
): Promise<{ outcome: Outcome<object>; reply: JsonObject }> {
  const { session, server: { report } } = asker;
  const from = { remote: session.channel.remote, name: session.memberName };
  const route = routes.get(message.type);
  const read: Read | Refusal = route ? readRequest(route, message) : refuse(410, "unknown type");
  let isReported = false;
  const reportRequest = (notation: string) => {
    if (!isReported) report({ kind: "message", ...from, notation, line });
    isReported = true;
  };
  const notation = "route" in read ? read.route.notation?.(read.request) : message.type;
  if (notation !== undefined) reportRequest(notation);
  const outcome = await answer(read, message, { ...asker, reportRequest });
  // Somebody who may not ask was refused before the route could report.
  if (outcome.outcome === "refused") reportRequest(message.type);
  if (outcome.outcome === "refused") {
    report({ kind: "refused", ...from, code: outcome.code, text: outcome.text });
  }
  const requestType = route?.requestType ?? { success: 300 };
  return { outcome, reply: encodeReply(requestType, message.seq, outcome) };
}

/** A request that has the shape of its type. */
interface Read {
  readonly route: Route;
  readonly request: unknown;
}

function readRequest(route: Route, { type, body }: Message): Read | Refusal {
  try {
    return { route, request: check(route.requestType.request, body, `read a ${type} request`) };
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
  const { server: { ledgerFaults }, session: { channel: { remote }, memberName: name } } = context;
  // Anybody may send any type, so only the types that there are become an attempt.
  const attempt = `answer ${"route" in read ? type : "a request"}`;
  try {
    // Somebody who may not ask is told so first, even where the request is malformed.
    const refusal = await refuseSpeaker(type, context);
    if (refusal) return refusal;
    if (!("route" in read)) return read;
    const outcome = await handle(read, context);
    // A submission says itself whether something was written.
    if (outcome.outcome === "answered" && type !== submitRequestType.type) {
      ledgerFaults.succeeded(attempt);
    }
    return outcome;
  } catch (error) {
    if (!isLedgerUnavailable(error)) throw error;
    ledgerFaults.take({ remote, name, attempt, error });
    return refuse(codeOfUnavailable(error));
  }
}

/** Returns why this side may not make such a request at all. */
async function refuseSpeaker(
  type: string,
  { dismiss, server, session }: RequestContext,
): Promise<Refusal | undefined> {
  const isRegister = type === registerRequestType.type;
  if (session.refusalCode !== undefined) return refuse(session.refusalCode);
  if (session.speaker.kind === "unrecognized") return refuse(220);
  if (session.speaker.kind === "applicant") {
    return (routes.get(type)?.admits ?? "member") === "member" ? refuse(240) : undefined;
  }
  // The ledger is asked each time: a revoked certificate must not do anything from that moment on.
  // The server looks for changes of its ledger only once a second.
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
  if (route.admits === "everybody") return await route.handle(request, context);
  if (route.admits === "applicant" && speaker.kind === "applicant") {
    return await route.handle(request, { ...context, request: speaker.request });
  }
  if (route.admits === "member" && speaker.kind === "member") {
    return await route.handle(request, { ...context, name: speaker.name });
  }
  throw new TypeError(`${route.requestType.type} cannot be asked by a ${speaker.kind}`);
}
