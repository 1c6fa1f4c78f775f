/**
 * The server's log: each event as one line of text or JSON. Text from outside is escaped.
 */
import { defaultFolder, gencertCommandLine } from "../../pki/gencert_hint.ts";
import { logTextCharactersMax } from "../../limits.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { excerpt, printable } from "../../printable.ts";
import { addressGroup } from "../../server/admission/address_group.ts";
import type { Occupancy } from "../../server/admission/occupancy.ts";
import type { ServerEvent } from "../../server/server_event.ts";
import type { Endpoint } from "../../transport/byte_stream.ts";
import { escapeRisky } from "../json_line.ts";
import { LogRateLimit, type LogSubject } from "./log_rate_limit.ts";

interface ServerLogOptions {
  readonly format: "text" | "json";
  /** Omits the encrypted messages. */
  readonly silent: boolean;
  /** The folder of the server's certificates, for the advice on renewal. By default `certs`. */
  readonly certs?: string | undefined;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

export interface ServerLog {
  /** @param fields more members of the line in JSON */
  say(text: string, fields?: Record<string, unknown>): void;
  leftOutLine(lines: number): string;
  report(event: ServerEvent): void;
}

type Level = "INFO" | "WARN" | "ERROR";

export function openServerLog(
  { format, silent, certs, clock, print }: ServerLogOptions,
): ServerLog {
  const written = (level: Level, text: string, fields: Record<string, unknown> = {}) => {
    if (format === "text") return text.trimEnd();
    const timestamp = new Date(clock.nowMs()).toISOString();
    const head = { "@timestamp": timestamp, level, message: text, logger: "micropay.server" };
    return escapeRisky(JSON.stringify({ ...head, ...fields }));
  };
  const rateLimit = new LogRateLimit({
    clock,
    onLeftOut({ kind, name }, lines) {
      const line = `${printable(name)}: ${lines} more lines about it are left out`;
      const about = kind === "member" ? { name } : { address: name };
      print(written("WARN", line, { event: "left_out", ...about, lines }));
    },
  });
  return {
    say: (line, fields) => print(written("INFO", line, fields)),
    leftOutLine(lines) {
      const line = `${lines} lines are left out here, they could not be written`;
      return written("WARN", line, { event: "unwritten", lines });
    },
    report(reported) {
      const event = shorten(reported);
      const subjects = subjectsOf(event);
      if (!rateLimit.take(...subjects)) return;
      if (event.kind === "stopped") rateLimit.close();
      const withSealed = !silent && event.kind === "message" &&
        rateLimit.takeSealed(event.line.length, ...subjects);
      const { kind, ...properties } = event;
      const fields = { event: kind, ...jsonFields(properties, { withSealed }) };
      const line = lineOf(event, { withSealed: withSealed && format === "text", certs });
      print(written(levelOf(kind), line, fields));
    },
  };
}

function levelOf(kind: ServerEvent["kind"]): Level {
  if (kind === "fault") return "ERROR";
  return kind === "line_refused" || kind === "expiry" ? "WARN" : "INFO";
}

/**
 * Returns the subjects whose rate limits a line counts for: the peers that can cause the event at
 * will. A member's messages count for the member, and for all members at that address. These may be
 * a class, or one person with many accounts. Everything else counts for the address. Events of the
 * server and its operator count for nobody.
 */
function subjectsOf(event: ServerEvent): readonly LogSubject[] {
  switch (event.kind) {
    case "message":
    case "refused":
    case "fault":
    case "online":
    case "offline":
    case "replaced":
    case "waiting":
    case "full":
      return speakers(event);
    case "connected":
    case "crowded_out":
    case "disconnected":
    case "line_refused":
      return speakers({ remote: event.remote });
    case "listening":
    case "registration_limit":
    case "dismissed":
    case "ledger_recovered":
    case "expiry":
    case "stopping":
    case "stopped":
      return [];
  }
}

function speakers(
  { name, remote }: { readonly name?: string | undefined; readonly remote?: Endpoint },
): readonly LogSubject[] {
  const subjects: LogSubject[] = [];
  if (name !== undefined) subjects.push({ kind: "member", name });
  const kind = name === undefined ? "address" : "members_at";
  if (remote) subjects.push({ kind, name: addressGroup(remote.host) });
  return subjects;
}

function shorten(event: ServerEvent): ServerEvent {
  switch (event.kind) {
    case "message":
      return { ...event, notation: shortText(event.notation) };
    case "refused":
      return { ...event, text: shortText(event.text) };
    case "line_refused":
      return { ...event, reason: shortText(event.reason) };
    default:
      return event;
  }
}

function shortText(text: string): string {
  return text.length <= logTextCharactersMax ? text : `${excerpt(text, logTextCharactersMax)}…`;
}

/** Exported for its tests. */
export function lineOf(
  event: ServerEvent,
  { withSealed, certs = defaultFolder }: { withSealed: boolean; certs?: string | undefined },
): string {
  switch (event.kind) {
    case "listening":
      return `Server listening on port ${event.endpoint.port}`;
    case "connected":
      return `${addressOf(event.remote)} connected ${occupancyOf(event)}`;
    case "waiting":
      return `${memberOf(event)} waits at place ${event.place} ${occupancyOf(event)}`;
    case "full":
      return `${memberOf(event)} turned away, ${fullRoom[event.of]} ${occupancyOf(event)}`;
    case "crowded_out":
      return `${addressOf(event.remote)} closed to make room for others ${occupancyOf(event)}`;
    case "registration_limit":
      return `${addressOf(event.remote)} registers no account, ${
        limits[event.limit]
      } ${event.most}`;
    case "disconnected":
      return `${memberOf(event)} disconnected ${occupancyOf(event)}`;
    case "message": {
      const line = `→ [${printable(event.notation)}] from ${addressOf(event.remote)}`;
      return withSealed ? `${line}\n${event.line}` : line;
    }
    case "refused":
      return `← [${event.code} ${printable(event.text)}] to ${addressOf(event.remote)}`;
    case "online":
      return `${event.name} is online at ${addressOf(event.address)}`;
    case "offline":
      return `${event.name} is offline`;
    case "dismissed":
      return `${memberOf(event)} was revoked or closed by the operator`;
    case "replaced":
      return `${memberOf(event)} is silent, and another login replaces it`;
    case "line_refused":
      return `refused a line from ${addressOf(event.remote)}: ${printable(event.reason)}`;
    case "fault":
      return `${event.attempt}: ${printable(messageOf(event.error))}`;
    case "ledger_recovered":
      return "The ledger can be used again";
    case "expiry":
      return printable(expiryLine(event, certs));
    case "stopping":
      return `Server stopping, ${event.served} connected`;
    case "stopped":
      return "Server stopped";
  }
}

const fullRoom = {
  everybody: "the waiting room is full",
  address: "too many members wait from its address",
} as const;

const limits = {
  address: "its address may register so many at once:",
  accounts: "the ledger has as many as --accounts-max allows:",
} as const;

function memberOf(
  { name, remote }: { readonly name: string | undefined; readonly remote: Endpoint },
): string {
  return name === undefined ? addressOf(remote) : `${addressOf(remote)} (${name})`;
}

/** As the course project writes an address. */
function addressOf({ host, port }: Endpoint): string {
  return `${printable(host)}@${port}`;
}

function occupancyOf({ served, waiting, userLimit, strangers }: Occupancy): string {
  return `(served ${served} of ${userLimit}, waiting ${waiting}, strangers ${strangers})`;
}

function jsonFields(
  { line, error, ...properties }: Record<string, unknown>,
  { withSealed }: { withSealed: boolean },
): Record<string, unknown> {
  return {
    ...properties,
    ...(withSealed && { sealed: line }),
    ...(error !== undefined && { error: messageOf(error) }),
  };
}

function expiryLine(
  { certificate, notAfterMs, daysLeft }: Extract<ServerEvent, { kind: "expiry" }>,
  certs: string,
): string {
  const end = new Date(notAfterMs).toISOString();
  const when = daysLeft === 0
    ? `expired on ${end}, so that no client believes this server`
    : `expires in ${daysLeft === 1 ? "1 day" : `${daysLeft} days`}, on ${end}`;
  if (certificate === "server") {
    const renew = gencertCommandLine(certs, "renew");
    return `The server's certificate ${when}; ${renew} makes a new one, then restart the server`;
  }
  return `The CA's certificate ${when}; it cannot be renewed and its ledger ends with it: ` +
    "docs/operating.md says how to go on";
}
