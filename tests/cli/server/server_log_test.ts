/**
 * The server's log: a line for each event, as text or JSON, with text from outside escaped.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { named } from "../../server/test_server.ts";
import type { AccountName } from "../../../src/account_name.ts";
import { lineOf, openServerLog } from "../../../src/cli/server/server_log.ts";
import {
  lineBytesMax,
  logLinesMax,
  logMembersAtAddress,
  logSealedBytesMax,
  logTextCharactersMax,
  logWindowMs,
} from "../../../src/limits.ts";
import type { ServerEvent } from "../../../src/server/server_event.ts";
import { ManualClock } from "../../manual_clock.ts";

const remote = { host: "127.0.0.1", port: 57609 };
const occupancy = { served: 1, waiting: 2, userLimit: 3, strangers: 4 };
const line = "eyJhbGciOiJSU0EtT0FFUC0yNTYifQ.a.b.c.d";
/** This text clears a terminal, renames its window, uses a C1 control and reverses text. */
const hostile = "a\u001b[2J\u009b31m\u0007\r\n\u202eb";
const harmless = "a\\u{1b}[2J\\u{9b}31m\\u{7}\\u{d}\\u{a}\\u{202e}b";

/** @returns a message of another peer at the same address */
function messageOf(
  { name, sealed = line }: { name?: AccountName; sealed?: string },
): ServerEvent & { kind: "message" } {
  return { kind: "message", remote, name, notation: "List", line: sealed };
}

const rows: readonly { event: ServerEvent; says: string }[] = [
  { event: { kind: "listening", endpoint: remote }, says: "Server listening on port 57609" },
  {
    event: { kind: "connected", remote, ...occupancy },
    says: "127.0.0.1@57609 connected (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "waiting", remote, name: named("alice"), place: 2, ...occupancy },
    says: "127.0.0.1@57609 (alice) waits at place 2 (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "full", of: "everybody", remote, name: named("alice"), ...occupancy },
    says:
      "127.0.0.1@57609 (alice) turned away, the waiting room is full (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "full", of: "address", remote, name: named("alice"), ...occupancy },
    says:
      "127.0.0.1@57609 (alice) turned away, too many members wait from its address (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "crowded_out", remote, ...occupancy },
    says: "127.0.0.1@57609 closed to make room for others (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "registration_limit", remote, limit: "address", most: 200 },
    says: "127.0.0.1@57609 registers no account, its address may register so many at once: 200",
  },
  {
    event: { kind: "registration_limit", remote, limit: "accounts", most: 10_000 },
    says:
      "127.0.0.1@57609 registers no account, the ledger has as many as --accounts-max allows: 10000",
  },
  {
    event: { kind: "disconnected", remote, name: named("alice"), ...occupancy },
    says: "127.0.0.1@57609 (alice) disconnected (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "disconnected", remote, name: undefined, ...occupancy },
    says: "127.0.0.1@57609 disconnected (served 1 of 3, waiting 2, strangers 4)",
  },
  {
    event: { kind: "message", remote, name: named("brian"), notation: "brian#2000#ta", line },
    says: "→ [brian#2000#ta] from 127.0.0.1@57609",
  },
  {
    event: { kind: "message", remote, name: undefined, notation: hostile, line },
    says: `→ [${harmless}] from 127.0.0.1@57609`,
  },
  {
    event: { kind: "refused", remote, name: undefined, code: 410, text: hostile },
    says: `← [410 ${harmless}] to 127.0.0.1@57609`,
  },
  {
    event: { kind: "online", name: named("alice"), address: remote },
    says: "alice is online at 127.0.0.1@57609",
  },
  { event: { kind: "offline", name: named("alice") }, says: "alice is offline" },
  {
    event: { kind: "dismissed", remote, name: named("alice") },
    says: "127.0.0.1@57609 (alice) was revoked or closed by the operator",
  },
  {
    event: { kind: "line_refused", remote, reason: hostile },
    says: `refused a line from 127.0.0.1@57609: ${harmless}`,
  },
  {
    event: { kind: "fault", attempt: "serve a connection", error: new Error(hostile) },
    says: `serve a connection: ${harmless}`,
  },
  {
    event: { kind: "expiry", certificate: "server", notAfterMs: 1826882482000, daysLeft: 14 },
    says:
      "The server's certificate expires in 14 days, on 2027-11-22T11:21:22.000Z; micropay gencert renew makes a new one, then restart the server",
  },
  {
    event: { kind: "expiry", certificate: "server", notAfterMs: 1826882482000, daysLeft: 0 },
    says:
      "The server's certificate expired on 2027-11-22T11:21:22.000Z, so that no client believes this server; micropay gencert renew makes a new one, then restart the server",
  },
  {
    event: { kind: "expiry", certificate: "ca", notAfterMs: 1826882482000, daysLeft: 1 },
    says:
      "The CA's certificate expires in 1 day, on 2027-11-22T11:21:22.000Z; it cannot be renewed and its ledger ends with it: docs/operating.md says how to go on",
  },
  { event: { kind: "stopping", served: 4 }, says: "Server stopping, 4 connected" },
  { event: { kind: "ledger_recovered" }, says: "The ledger can be used again" },
  { event: { kind: "stopped" }, says: "Server stopped" },
];

for (const { event, says } of rows) {
  Deno.test(`log: ${event.kind} is "${says}", and the same in JSON`, () => {
    assertEquals(lineOf(event, { withSealed: false }), says);
    const printed: string[] = [];
    const log = openServerLog({
      format: "json",
      silent: false,
      clock: new ManualClock(),
      print: (text) => printed.push(text),
    });
    log.report(event);
    assertEquals(printed.length, 1);
    const record = JSON.parse(printed[0]!);
    assertEquals([record.event, record.message, record.line], [event.kind, says, undefined]);
    // A JSON log is as safe in a terminal as a text log.
    assert(!/[\p{Cc}\p{Cf}]/u.test(printed[0]!), printed[0]);
  });
}

Deno.test("log: a certificate in another folder is renewed with that folder", () => {
  const printed: string[] = [];
  const log = openServerLog({
    format: "text",
    silent: false,
    certs: "/srv/our certs",
    clock: new ManualClock(),
    print: (text) => printed.push(text),
  });
  log.report({ kind: "expiry", certificate: "server", notAfterMs: 1826882482000, daysLeft: 3 });
  assertStringIncludes(printed[0]!, "micropay gencert renew --out '/srv/our certs' makes");
});

Deno.test("log: the encrypted message follows its line, unless --silent omits it", () => {
  const event: ServerEvent = messageOf({ name: named("alice") });
  const settings = [
    { format: "text", silent: false, expected: [`→ [List] from 127.0.0.1@57609\n${line}`] },
    { format: "text", silent: true, expected: ["→ [List] from 127.0.0.1@57609"] },
  ] as const;
  for (const { format, silent, expected } of settings) {
    const printed: string[] = [];
    const print = (text: string) => printed.push(text);
    const log = openServerLog({ format, silent, clock: new ManualClock(), print });
    log.report(event);
    assertEquals(printed, [...expected]);
  }
  for (const silent of [false, true]) {
    const printed: string[] = [];
    const print = (text: string) => printed.push(text);
    const clock = new ManualClock();
    openServerLog({ format: "json", silent, clock, print }).report(event);
    assertEquals(JSON.parse(printed[0]!).sealed, silent ? undefined : line);
  }
});

Deno.test("log: the note about omitted lines has the form of all other lines", () => {
  const says = "7 lines are left out here, they could not be written";
  assertEquals(floodedLog(0).log.leftOutLine(7), says);
  const { log, clock, printed } = floodedLog(0, { format: "json" });
  const fields = JSON.parse(log.leftOutLine(7));
  assertEquals([fields.message, fields.event, fields.lines], [says, "unwritten", 7]);
  log.report({ kind: "stopped" });
  const stopped = JSON.parse(printed[0]!);
  const members = Object.keys(stopped).filter((name) => name !== "event");
  assertEquals(members.filter((name) => !Object.hasOwn(fields, name)), []);
  assertEquals(fields["@timestamp"], new Date(clock.nowMs()).toISOString());
});

const refusal: ServerEvent = { kind: "line_refused", remote, reason: "not a compact JWE" };

function floodedLog(
  lines: number,
  { format = "text", silent = true }: { format?: "text" | "json"; silent?: boolean } = {},
) {
  const clock = new ManualClock();
  const printed: string[] = [];
  const print = (text: string) => printed.push(text);
  const log = openServerLog({ format, silent, clock, print });
  for (let count = 0; count < lines; count++) log.report(refusal);
  return { clock, log, printed };
}

Deno.test("log: lines about an address are printed up to the limit; one more is counted as omitted", () => {
  const { clock, log, printed } = floodedLog(logLinesMax);
  assertEquals(printed.length, logLinesMax);
  log.report(refusal);
  clock.advance(logWindowMs - 1);
  assertEquals(printed.length, logLinesMax);
  clock.advance(1);
  assertEquals(printed.slice(logLinesMax), ["127.0.0.1: 1 more lines about it are left out"]);
  log.report(refusal);
  assertEquals(printed.length, logLinesMax + 2);
});

Deno.test("log: a flood from one address hides neither other addresses nor the members at this one", () => {
  const { log, printed } = floodedLog(10 * logLinesMax);
  log.report({ ...refusal, remote: { ...remote, host: "192.0.2.1" } });
  log.report(messageOf({ name: named("alice") }));
  // A name may look like an address.
  log.report(messageOf({ name: named("127.0.0.1") }));
  log.report({ kind: "online", name: named("alice"), address: remote });
  assertEquals(printed.slice(logLinesMax), [
    "refused a line from 192.0.2.1@57609: not a compact JWE",
    "→ [List] from 127.0.0.1@57609",
    "→ [List] from 127.0.0.1@57609",
    "alice is online at 127.0.0.1@57609",
  ]);
});

/** All events that a peer can cause at will; each row is for a member and for a stranger. */
const floods: readonly ((name: AccountName | undefined) => ServerEvent)[] = [
  (name) => messageOf({ ...(name && { name }) }),
  (name) => ({ kind: "refused", remote, name, code: 410, text: "Bad request" }),
  (name) => ({ kind: "fault", remote, name, attempt: "answer register", error: "no room" }),
];

for (const flood of floods) {
  for (const name of [undefined, named("alice")]) {
    const event = flood(name);
    const about = name ?? "127.0.0.1";
    Deno.test(`log: however often ${about} causes "${event.kind}", only so many lines are printed, and the rest is counted`, () => {
      const { clock, log, printed } = floodedLog(0);
      for (let count = 0; count < logLinesMax + 7; count++) log.report(event);
      assertEquals(printed.length, logLinesMax);
      clock.advance(logWindowMs);
      assertEquals(printed.slice(logLinesMax), [`${about}: 7 more lines about it are left out`]);
    });
  }
}

for (const format of ["text", "json"] as const) {
  for (const name of [undefined, named("alice")]) {
    const about = name ?? "127.0.0.1";
    Deno.test(`log: as ${format}, encrypted messages of ${about} are printed up to the limit, and the rest is counted`, () => {
      const { clock, log, printed } = floodedLog(0, { format, silent: false });
      const half = messageOf({ ...(name && { name }), sealed: "x".repeat(logSealedBytesMax / 2) });
      const longer = { ...half, line: `${half.line}x` };
      const withSealed = () => printed.filter((text) => text.includes(half.line)).length;
      for (const event of [half, longer, half, half]) log.report(event);
      assertEquals([printed.length, withSealed()], [4, 2]);
      assert(printed.every((text) => text.includes("→ [List] from 127.0.0.1@57609")));
      clock.advance(logWindowMs);
      assert(printed[4]?.includes(`${about}: 2 more lines about it are left out`), printed[4]);
      log.report({ ...half, line: "x".repeat(lineBytesMax) });
      assertEquals(
        [printed.length, withSealed()],
        [6, 3],
        "the longest line there is, in a window of its own",
      );
    });
  }
}

Deno.test("log: many accounts at one address share a few times the limit of one, and hide no stranger", () => {
  const { clock, log, printed } = floodedLog(0, { silent: false });
  const sealed = "x".repeat(logSealedBytesMax);
  const accounts = Array.from({ length: logMembersAtAddress + 3 }, (_, at) => named(`a${at}`));
  for (const name of accounts) log.report(messageOf({ name, sealed }));
  assertEquals(printed.filter((text) => text.includes(sealed)).length, logMembersAtAddress);
  for (const name of accounts) {
    for (let count = 1; count < logLinesMax; count++) {
      log.report({ kind: "refused", remote, name, code: 410, text: "Bad request" });
    }
  }
  assertEquals(printed.length, logMembersAtAddress * logLinesMax);
  log.report(messageOf({}));
  assertEquals(printed.length, logMembersAtAddress * logLinesMax + 1);
  clock.advance(logWindowMs);
  const leftOut = 3 * logLinesMax + 3;
  assertEquals(printed.at(-1), `127.0.0.1: ${leftOut} more lines about it are left out`);
});

for (const format of ["text", "json"] as const) {
  Deno.test(`log: as ${format}, a long text of a sender is cut`, () => {
    const { log, printed } = floodedLog(0, { format });
    for (const length of [logTextCharactersMax, lineBytesMax]) {
      const text = "a".repeat(length);
      log.report({ ...messageOf({}), notation: text });
      log.report({ kind: "refused", remote, name: undefined, code: 410, text });
      log.report({ kind: "line_refused", remote, reason: text });
    }
    const whole = "a".repeat(logTextCharactersMax);
    for (const text of printed) assert(!text.includes(`${whole}a`), text.slice(0, 400));
    assertEquals(printed.map((text) => text.includes(`${whole}…`)), [
      ...[false, false, false],
      ...[true, true, true],
    ]);
    assert(printed.every((text) => text.includes(whole)));
  });
}

Deno.test("log: when the server stops, it first reports the omitted lines, and no timer is left", () => {
  const { clock, log, printed } = floodedLog(logLinesMax + 7, { format: "json" });
  log.report({ kind: "stopped" });
  const [leftOut, stopped] = printed.slice(logLinesMax).map((text) => JSON.parse(text));
  assertEquals([leftOut.event, leftOut.address, leftOut.lines], ["left_out", "127.0.0.1", 7]);
  assertEquals([stopped.event, clock.pending], ["stopped", 0]);
});
