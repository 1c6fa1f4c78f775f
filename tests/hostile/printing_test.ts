/** Text from outside is printed as one line. Nothing in it moves a cursor or hides text. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ClientOutput, jsonOutput, textOutput } from "../../src/cli/client/output.ts";
import { ledgerOutput } from "../../src/cli/ledger/output.ts";
import { openServerLog } from "../../src/cli/server/server_log.ts";
import { faultOf, printFaults } from "../../src/cli/client/batch/batch_output.ts";
import type { LineRefusal } from "../../src/client/batch/plan_batch.ts";
import { readBatch } from "../../src/cli/client/batch/batch_file.ts";
import type { Settled } from "../../src/client/payment/settlement.ts";
import type { SignedPaymentRequest } from "../../src/protocol/payment_request.ts";
import type { IncomingPayment } from "../../src/client/payment/incoming_payments.ts";
import { ConnectError } from "../../src/errors.ts";
import type { StoredChange, StoredEntry } from "../../src/ledger/snapshot.ts";
import type { HistoryRow } from "../../src/protocol/history.ts";
import type { ServerEvent } from "../../src/server/server_event.ts";
import { ManualClock } from "../manual_clock.ts";
import { named } from "../server/test_server.ts";
import { hostileTexts } from "./hostile_texts.ts";
import { codePoint } from "../code_point.ts";

const hostile = fc.oneof(
  fc.constantFrom(...hostileTexts.map(({ text }) => text)),
  fc.string({ unit: codePoint, maxLength: 40 }),
  fc.array(fc.constantFrom("\u001b", "\n", "\r", "\u009b", "\u202e", "\\", '"', "\ud800", "a"))
    .map((parts) => parts.join("")),
);

/**
 * Characters that a terminal does not show, line breaks, and marks that it draws over other lines.
 * Joiners and selectors are harmless where they belong.
 */
const harmful =
  /(?![\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2028\u2029]|[\p{White_Space}\u2800]{3}|[\p{M}\u200c\u200d]{5}/u;

const occupancy = { served: 1, waiting: 0, userLimit: 3, strangers: 4 };
const name = named("alice");

const events: readonly ((text: string) => ServerEvent)[] = [
  (host) => ({ kind: "connected", remote: { host, port: 1 }, ...occupancy }),
  (host) => ({ kind: "waiting", remote: { host, port: 1 }, name, place: 1, ...occupancy }),
  (host) => ({ kind: "full", of: "address", remote: { host, port: 1 }, name, ...occupancy }),
  (host) => ({ kind: "crowded_out", remote: { host, port: 1 }, ...occupancy }),
  (host) => ({ kind: "registration_limit", remote: { host, port: 1 }, limit: "accounts", most: 1 }),
  (host) => ({ kind: "disconnected", remote: { host, port: 1 }, name: undefined, ...occupancy }),
  (notation) => ({
    kind: "message",
    remote: { host: notation, port: 1 },
    name: undefined,
    notation,
    line: "eyJ.a.b.c.d",
  }),
  (text) => ({
    kind: "refused",
    remote: { host: text, port: 1 },
    name: undefined,
    code: 410,
    text,
  }),
  (host) => ({ kind: "online", name: named("alice"), address: { host, port: 1 } }),
  (reason) => ({ kind: "line_refused", remote: { host: reason, port: 1 }, reason }),
  (text) => ({ kind: "fault", attempt: "serve a connection", error: new Error(text) }),
  (text) => ({ kind: "fault", attempt: "serve a connection", error: text }),
];

for (const format of ["text", "json"] as const) {
  Deno.test(`hostile: the server's log as ${format} is one harmless line for each event`, () => {
    let printed: string[] = [];
    const log = openServerLog({
      format,
      silent: true,
      clock: new ManualClock(),
      print: (line) => printed.push(line),
    });
    fc.assert(
      fc.property(hostile, fc.constantFrom(...events), (text, makeEvent) => {
        printed = [];
        // An address of its own for each: what is left out about one is another test's matter.
        log.report(makeEvent(text));
        assert(printed.length <= 1);
        for (const line of printed) checkLine(line);
      }),
      { numRuns: 400 },
    );
  });
}

const payment = (memo: string) =>
  ({
    receipt: {
      text: "a.b.c",
      payload: { id: "id", entry: 7, payer: named("alice"), amount: 5 },
    },
    memo,
  }) as unknown as IncomingPayment;

const payload = { id: "id", amount: 5, payee: named("bob"), exp: 0 };
const order = { payload } as unknown as Settled["order"];
const request = (memo: string) =>
  ({ id: "id", payload: { ...payload, memo } }) as unknown as SignedPaymentRequest;

const outputs: readonly ((output: ClientOutput, text: string) => void)[] = [
  (output, ip) => output.printList({ balance: 1, online: [{ name: named("bob"), ip, port: 1 }] }),
  (output, memo) => output.printReceived(payment(memo)),
  (output, text) => output.printRefusal({ outcome: "refused", code: 210, text }),
  (output, text) => output.printFailure(new ConnectError(text)),
  (output, text) => output.printOffline(new ConnectError(text), { isStill: false }),
  (output, text) => output.printUnprinted(payment(text), { file: text }),
  (output, text) => output.printReceiptsWritten({ written: 1, present: 0 }, { folder: text }),
  (output, memo) => output.printRequests([{ request: request(memo), state: "open" }]),
  (output, text) =>
    output.printSettled({ outcome: "unknown", order, error: new ConnectError(text) }),
  (output, memo) =>
    output.printHistoryRow(
      {
        entry: 1,
        id: "id",
        at: "2026-11-23T08:00:00.000Z",
        payer: "alice",
        payee: "bob",
        amount: 5,
        memo,
        balance: 3,
      } as unknown as HistoryRow,
    ),
];

for (const [format, make] of [["text", textOutput], ["json", jsonOutput]] as const) {
  Deno.test(`hostile: the client's output as ${format} has only harmless lines`, () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom(...outputs), (text, show) => {
        const lines: string[] = [];
        const print = (line: string) => lines.push(line);
        show(make({ print, printError: print }), text);
        assert(lines.length >= 1);
        for (const line of lines) checkLine(line);
      }),
      { numRuns: 400 },
    );
  });
}

for (const json of [false, true]) {
  const format = json ? "json" : "text";
  Deno.test(`hostile: the contents of a ledger's file are shown as ${format} in harmless lines`, () => {
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, isCutOff) => {
        const lines: string[] = [];
        const output = ledgerOutput({ json, print: (line) => lines.push(...line.split("\n")) });
        // As a text with a NUL comes.
        const value = isCutOff ? new TextEncoder().encode(text) : text;
        const row = new Proxy({}, {
          get: () => value,
          ownKeys: () => ["id", "memo"],
          getOwnPropertyDescriptor: () => ({ value, enumerable: true, configurable: true }),
        }) as StoredEntry & StoredChange;
        const account = { username: value, balance: value, online_status: value, closed_at: value };
        output.printBalances([account]);
        output.printAccount({ ...account, certificate: text, changes: [row], entries: [row] });
        output.printEntry({ ...row, order_digest: text, order: { text } });
        output.printChange(row);
        output.printWritten(text);
        output.printKept(text);
        output.printUndone([text]);
        // Columns are apart by more than two blanks.
        for (const line of lines) checkLine(line.replace(/ {2,}/g, "|"));
        assertEquals(lines.length, json ? 7 : 15);
      }),
      { numRuns: 200 },
    );
  });
}

Deno.test("hostile: the menu shows each payment and refusal in one harmless line", () => {
  fc.assert(fc.property(hostile, (text) => {
    const output = textOutput({ print: checkLine, printError: checkLine });
    output.printReceived(payment(text));
    output.printRefusal({ outcome: "refused", code: 410, text });
  }));
});

for (const json of [false, true]) {
  const format = json ? "JSON" : "text";
  Deno.test(`hostile: the faults of a file of payments are shown as ${format} in harmless lines`, () => {
    fc.assert(fc.property(hostile, hostile, (to, memo) => {
      const bytes = new TextEncoder().encode(JSON.stringify({ to, amount: 0, memo }));
      printFaults(readBatch(bytes).faults, { print: checkLine, json });
      const line = { number: 1, payee: named("bob"), amount: 5 } as LineRefusal["line"];
      const refusal = { outcome: "refused", code: 261, text: memo } as const;
      printFaults([faultOf({ line, refusal })], { print: checkLine, json });
    }));
  });
}

Deno.test("hostile: these tests use more than ten harmful texts", () => {
  assertEquals(hostileTexts.filter(({ text }) => harmful.test(text)).length > 10, true);
});

function checkLine(line: string): void {
  assert(!harmful.test(line), JSON.stringify(line.slice(0, 200)));
}
