/**
 * Valid command lines and their requests.
 */
import { assertEquals, assertObjectMatch, fail } from "@std/assert";
import type {
  ClientRequest,
  ParsedCommandLine,
} from "../../../src/cli/command_line/command_line.ts";
import { serversOf } from "../../../src/cli/command_line/option_values.ts";
import type { RsaBits } from "../../../src/limits.ts";
import { memoCharactersMax } from "../../../src/memo.ts";
import { parseAddressRange } from "../../../src/transport/address_range.ts";
import { parsed } from "./fixture.ts";

const serverDefaults = {
  kind: "server",
  port: 8888,
  silent: false,
  host: "::",
  db: "server.db",
  certs: "certs",
  initialBalance: 10_000,
  registering: true,
  accountsMax: 10_000,
  rsaBits: 2048,
  rekeyHours: 24,
  witness: [],
  proxyFrom: [],
  reset: false,
  yes: false,
  deleteDbOnExit: false,
  logFormat: "text",
  join: "open",
} as const;

const clientDefaults = {
  kind: "client",
  serverHost: "127.0.0.1",
  serverPort: 8888,
  verbose: false,
  relay: true,
  port: 0,
  rsaBits: 2048,
  json: false,
  command: { name: "menu", menu: false },
} as const;

const { serverHost: _host, serverPort: _port, ...joinedDefaults } = clientDefaults;
const ca = "ab".repeat(32);
const witnessDefaults = {
  kind: "witness",
  serverHost: "127.0.0.1",
  serverPort: 8888,
  everyMs: 60_000,
  out: "witness",
  rsaBits: 2048,
  json: false,
} as const;

const gencertDefaults = {
  kind: "gencert",
  command: { name: "make" },
  out: "certs",
  hosts: [],
  days: 365,
  force: false,
  newCa: false,
  yes: false,
} as const;

const id = "019aaf3e-7c00-7000-8000-000000000001";
const hex = "0123456789abcdef".repeat(4);
const colons = hex.toUpperCase().replace(/..(?!$)/g, "$&:");

const taken: readonly { readonly line: string; readonly request: Record<string, unknown> }[] = [
  { line: "server 8888", request: serverDefaults },
  {
    line: "witness 127.0.0.1 8888",
    request: witnessDefaults,
  },
  {
    line: "witness ::1 8888 --every 2h --count 3 --name w --out /w --ca /CA.pem --json",
    request: {
      ...{ ...witnessDefaults, serverHost: "::1", everyMs: 7_200_000, count: 3, name: "w" },
      ...{ out: "/w", ca: "/CA.pem", json: true },
    },
  },
  { line: "server 0", request: { ...serverDefaults, port: 0 } },
  { line: "server 65535", request: { ...serverDefaults, port: 65535 } },
  { line: "server 8888 3 --silent", request: { ...serverDefaults, userLimit: 3, silent: true } },
  {
    line: "server -s 8888 100000",
    request: { ...serverDefaults, userLimit: 100_000, silent: true },
  },
  {
    line:
      "server --host 0:0::1 --db a.db 8888 --certs /c --initial-balance 0 --rsa-bits 4096 --rekey-hours 576 --reset --yes",
    request: {
      ...serverDefaults,
      host: "::1",
      db: "a.db",
      certs: "/c",
      initialBalance: 0,
      rsaBits: 4096,
      rekeyHours: 576,
      reset: true,
      yes: true,
    },
  },
  {
    line: "server 8888 --proxy-from 192.0.2.7,10.0.0.0/8 --proxy-from ::1",
    request: {
      ...serverDefaults,
      proxyFrom: ["192.0.2.7", "10.0.0.0/8", "::1"].map((text) => parseAddressRange(text)!),
    },
  },
  {
    line: "server 8888 --delete-db-on-exit --log-format=json --initial-balance=9007199254740991",
    request: {
      ...serverDefaults,
      deleteDbOnExit: true,
      logFormat: "json",
      initialBalance: 9007199254740991,
    },
  },
  { line: "client 127.0.0.1 8888", request: clientDefaults },
  { line: "client -v 127.0.0.1 8888", request: { ...clientDefaults, verbose: true } },
  {
    line: "client pay.example.org 1",
    request: { ...clientDefaults, serverHost: "pay.example.org", serverPort: 1 },
  },
  {
    line: "client A.example.org:8889,[::1]:1,0:0::2,192.0.2.7 8888",
    request: { ...clientDefaults, serverHost: "a.example.org:8889,[::1]:1,::2,192.0.2.7" },
  },
  {
    line: "client 127.0.0.1 8888 register Alice",
    request: { ...clientDefaults, command: { name: "register", account: "alice", typed: "Alice" } },
  },
  {
    line: "client --json 127.0.0.1 8888 list",
    request: { ...clientDefaults, json: true, command: { name: "list" } },
  },
  {
    line: "client 127.0.0.1 8888 balance --verbose",
    request: { ...clientDefaults, verbose: true, command: { name: "balance" } },
  },
  {
    line: "client 127.0.0.1 8888 pay bob 5 --json --as Alice",
    request: {
      ...clientDefaults,
      json: true,
      as: "alice",
      command: { name: "pay", payee: "bob", amount: 5, viaServer: false },
    },
  },
  {
    line: `client 127.0.0.1 8888 pay --memo lunch BOB --id ${id.toUpperCase()} 9007199254740991`,
    request: {
      ...clientDefaults,
      command: {
        name: "pay",
        payee: "bob",
        amount: 9007199254740991,
        memo: "lunch",
        id,
        viaServer: false,
      },
    },
  },
  {
    line: "client 127.0.0.1 8888 --memo x pay bob 5",
    request: {
      ...clientDefaults,
      command: { name: "pay", payee: "bob", amount: 5, memo: "x", viaServer: false },
    },
  },
  { line: "client", request: { ...joinedDefaults, command: { name: "menu", menu: false } } },
  {
    line: "client --ledger class",
    request: { ...joinedDefaults, ledger: "class", command: { name: "menu", menu: false } },
  },
  {
    line: "client pay list 5",
    request: {
      ...joinedDefaults,
      command: { name: "pay", payee: "list", amount: 5, viaServer: false },
    },
  },
  {
    line: "client --as alice pay 8888 5",
    request: {
      ...{ ...joinedDefaults, as: "alice" },
      command: { name: "pay", payee: "8888", amount: 5, viaServer: false },
    },
  },
  {
    line: `client join micropay://pi4:8888/?ca=${ca}`,
    request: {
      ...joinedDefaults,
      command: {
        name: "join",
        uri: { kind: "join", servers: [{ host: "pi4", port: 8888 }], fingerprint: ca },
      },
    },
  },
  { line: "client ledgers", request: { kind: "ledgers", json: false, command: { name: "list" } } },
  {
    line: "client ledgers rename 8888 list",
    request: {
      ...{ kind: "ledgers", json: false },
      command: { name: "rename", from: "8888", to: "list" },
    },
  },
  {
    line: "client ledgers forget class --json",
    request: { kind: "ledgers", json: true, command: { name: "forget", ledger: "class" } },
  },
  {
    line: "client list 8888 balance",
    request: { ...clientDefaults, serverHost: "list", command: { name: "balance" } },
  },
  {
    line: "client 127.0.0.1 8888 pay bob 5 --memo -1",
    request: {
      ...clientDefaults,
      command: { name: "pay", payee: "bob", amount: 5, memo: "-1", viaServer: false },
    },
  },
  {
    line: "client 127.0.0.1 8888 pay bob 5 --memo=-1",
    request: {
      ...clientDefaults,
      command: { name: "pay", payee: "bob", amount: 5, memo: "-1", viaServer: false },
    },
  },
  {
    line: "client 127.0.0.1 8888 receive",
    request: { ...clientDefaults, command: { name: "receive" } },
  },
  {
    line: "client 127.0.0.1 8888 receive --count 2",
    request: { ...clientDefaults, command: { name: "receive", count: 2 } },
  },
  {
    line: `client 127.0.0.1 8888 status ${id}`,
    request: { ...clientDefaults, command: { name: "status", payment: { id } } },
  },
  {
    line: "client 127.0.0.1 8888 history",
    request: { ...clientDefaults, command: { name: "history", bom: false } },
  },
  {
    line: "client 127.0.0.1 8888 history --before 7 --limit 1",
    request: { ...clientDefaults, command: { name: "history", limit: 1, before: 7, bom: false } },
  },
  {
    line: "client 127.0.0.1 8888 history --format csv --bom --from 2026-01-01 --to 2026-12-31",
    request: {
      ...clientDefaults,
      command: { name: "history", format: "csv", bom: true, from: "2026-01-01", to: "2026-12-31" },
    },
  },
  {
    line: "client 127.0.0.1 8888 limit --per-payment 0 --per-day none --yes",
    request: {
      ...clientDefaults,
      command: { name: "limit", perPayment: 0, perDay: "none", yes: true },
    },
  },
  {
    line: `client 127.0.0.1 8888 --ca my.pem --fingerprint ${colons} --home /h`,
    request: { ...clientDefaults, ca: "my.pem", fingerprint: hex, home: "/h" },
  },
  {
    line: "client 127.0.0.1 8888 --port 9000 --advertise example.org",
    request: { ...clientDefaults, port: 9000, advertise: { host: "example.org" } },
  },
  {
    line: "client 127.0.0.1 8888 pay bob 5 --no-relay",
    request: {
      ...clientDefaults,
      relay: false,
      command: { name: "pay", payee: "bob", amount: 5, viaServer: false },
    },
  },
  {
    line: "client 127.0.0.1 8888 --advertise example.org:9000",
    request: { ...clientDefaults, advertise: { host: "example.org", port: 9000 } },
  },
  {
    line: "client 127.0.0.1 8888 --advertise 2001:db8::1",
    request: { ...clientDefaults, advertise: { host: "2001:db8::1" } },
  },
  {
    line: "client 127.0.0.1 8888 --advertise [2001:db8::1]:9000",
    request: { ...clientDefaults, advertise: { host: "2001:db8::1", port: 9000 } },
  },
  {
    line: "client 127.0.0.1 8888 --timeout 0.5 --rsa-bits 3072",
    request: { ...clientDefaults, timeoutSeconds: 0.5, rsaBits: 3072 },
  },
  { line: "gencert", request: gencertDefaults },
  {
    line: "gencert --host Pay.Example.org --out /c --host 192.0.2.7 --days 3650",
    request: {
      ...gencertDefaults,
      out: "/c",
      hosts: ["pay.example.org", "192.0.2.7"],
      days: 3650,
    },
  },
  {
    line: "gencert --force --new-ca --yes --db a.db",
    request: { ...gencertDefaults, force: true, newCa: true, yes: true, db: "a.db" },
  },
  {
    line: "gencert renew --host pay.example.org --days 90 --out /c",
    request: {
      ...gencertDefaults,
      command: { name: "renew" },
      out: "/c",
      hosts: ["pay.example.org"],
      days: 90,
    },
  },
  {
    line: "gencert --out /c renew",
    request: {
      ...gencertDefaults,
      command: { name: "renew" },
      out: "/c",
    },
  },
];

for (const { line, request } of taken) {
  Deno.test(`micropay ${line}`, () => assertEquals<unknown>(parsed(line), request));
}

Deno.test("a memo may have several words, or look like an option", () => {
  for (
    const memo of [
      "pizza and beer",
      "--json",
      "-1 beer",
      "a\\b",
      "\u{1f355}".repeat(memoCharactersMax),
    ]
  ) {
    const request = parsed(["client", "127.0.0.1", "8888", "pay", "bob", "5", "--memo", memo]);
    assertObjectMatch(request, { json: false, command: { name: "pay", memo } });
  }
});

Deno.test("the compiler distinguishes the kinds of requests", () => {
  const request: ParsedCommandLine = parsed("client 127.0.0.1 8888 pay bob 5");
  if (request.kind !== "client" || request.command.name !== "pay") fail("not what was typed");
  const { payee, amount, memo }: Extract<ClientRequest["command"], { name: "pay" }> =
    request.command;
  assertEquals<unknown[]>([payee, amount, memo], ["bob", 5, undefined]);

  const bits: RsaBits = request.rsaBits;
  const server: ParsedCommandLine = parsed("server 8888");
  if (server.kind !== "server") fail("not what was typed");
  const format: "text" | "json" = server.logFormat;
  assertEquals<unknown[]>([bits, format], [2048, "text"]);
});

Deno.test("the servers of a list have their own ports, or that of the command line", () => {
  assertEquals(serversOf("a.example.org:8889,[::1]:1,::2,192.0.2.7", 8888), [
    { host: "a.example.org", port: 8889 },
    { host: "::1", port: 1 },
    { host: "::2", port: 8888 },
    { host: "192.0.2.7", port: 8888 },
  ]);
});
