/**
 * What the server prints: each event as one line of text or of JSON. Everything that came from outside is escaped.
 */
import { configure, getJsonLinesFormatter, getLogger, type LogRecord } from "@logtape/logtape";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { printable } from "../printable.ts";
import { addressGroup } from "../server/address_group.ts";
import type { Occupancy, ServerEvent } from "../server/server_event.ts";
import type { Endpoint } from "../transport/byte_stream.ts";
import { escapeRisky } from "./json_line.ts";
import { LogAllowance } from "./log_allowance.ts";

export interface ServerLogOptions {
  readonly format: "text" | "json";
  /** Leave the encrypted messages out. */
  readonly silent: boolean;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

export interface ServerLog {
  /** A line that is not about an event. */
  say(text: string): void;
  report(event: ServerEvent): void;
}

export async function openServerLog(
  { format, silent, clock, print }: ServerLogOptions,
): Promise<ServerLog> {
  const jsonLines = getJsonLinesFormatter({ properties: "flatten" });
  const json = (record: LogRecord) => escapeRisky(jsonLines(record).trimEnd());
  const text = (record: LogRecord) => record.message.join("");
  const formatter = format === "json" ? json : text;
  await configure({
    reset: true,
    sinks: { output: (record) => print(formatter(record).trimEnd()) },
    loggers: [
      { category: "micropay", sinks: ["output"], lowestLevel: "debug" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "fatal" },
    ],
  });
  const logger = getLogger(["micropay", "server"]);
  const allowance = new LogAllowance({
    clock,
    onLeftOut(address, lines) {
      const line = `${printable(address)}: ${lines} more lines about it are left out`;
      logger.warn("{line}", { line, event: "left_out", address, lines });
    },
  });
  return {
    say: (line) => logger.info("{line}", { line }),
    report(event) {
      if (isOfAddress(event) && !allowance.take(addressGroup(event.remote.host))) return;
      if (event.kind === "stopped") allowance.close();
      const { kind, ...properties } = event;
      const fields = { event: kind, ...plain(properties, { silent }) };
      const line = lineOf(event, { withSealed: !silent && format === "text" });
      if (kind === "fault") logger.error("{line}", { line, ...fields });
      else if (kind === "line_refused") logger.warn("{line}", { line, ...fields });
      else logger.info("{line}", { line, ...fields });
    },
  };
}

/** What anybody can bring about who reaches the port, as often as it likes. */
type AddressEvent = Extract<ServerEvent, { kind: typeof addressKinds[number] }>;

const addressKinds = [
  "connected",
  "waiting",
  "full",
  "turned_away",
  "disconnected",
  "line_refused",
] as const;

function isOfAddress(event: ServerEvent): event is AddressEvent {
  return (addressKinds as readonly string[]).includes(event.kind);
}

/** The event in words. Exported for its tests. */
export function lineOf(event: ServerEvent, { withSealed }: { withSealed: boolean }): string {
  switch (event.kind) {
    case "listening":
      return `Server listening on port ${event.endpoint.port}`;
    case "connected":
      return `${addressOf(event.remote)} connected ${occupancyOf(event)}`;
    case "waiting":
      return `${addressOf(event.remote)} waits at place ${event.place} ${occupancyOf(event)}`;
    case "full":
      return `${addressOf(event.remote)} turned away, the waiting room is full ${
        occupancyOf(event)
      }`;
    case "turned_away":
      return `${addressOf(event.remote)} turned away, ${turnedAway[event.why]} ${
        occupancyOf(event)
      }`;
    case "disconnected": {
      const name = event.name === undefined ? "" : ` (${event.name})`;
      return `${addressOf(event.remote)}${name} disconnected ${occupancyOf(event)}`;
    }
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
    case "dismissed": {
      const name = event.name === undefined ? "" : ` (${event.name})`;
      return `${addressOf(event.remote)}${name} was revoked or closed by the operator`;
    }
    case "line_refused":
      return `refused a line from ${addressOf(event.remote)}: ${printable(event.reason)}`;
    case "fault":
      return `${event.attempt}: ${printable(messageOf(event.error))}`;
    case "stopping":
      return `Server stopping, ${event.served} connected`;
    case "stopped":
      return "Server stopped";
  }
}

const turnedAway = {
  too_many_connections: "its address has too many connections",
  too_many_refused_lines: "too many lines from its address were refused",
} as const;

/** The course project's way of writing an address. */
function addressOf({ host, port }: Endpoint): string {
  return `${printable(host)}@${port}`;
}

function occupancyOf({ served, waiting, userLimit }: Occupancy): string {
  return `(connected ${served} of ${userLimit}, waiting ${waiting})`;
}

/** Fields of the JSON form: no `Error` objects, and no sealed line where it is not wanted. */
function plain(
  { line, error, ...properties }: Record<string, unknown>,
  { silent }: { silent: boolean },
): Record<string, unknown> {
  return {
    ...properties,
    ...(line !== undefined && !silent && { sealed: line }),
    ...(error !== undefined && { error: messageOf(error) }),
  };
}
