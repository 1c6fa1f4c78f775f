/**
 * Options from the environment: `MICROPAY_` and the option's name in capitals.
 */
import { assertEquals, assertObjectMatch, assertStringIncludes } from "@std/assert";
import { parsed, printedBy, refusedWith, type Variables } from "./fixture.ts";

interface Case {
  readonly line: string;
  readonly variables: Variables;
  readonly members: Record<string, unknown>;
}

const fingerprint = "0123456789abcdef".repeat(4);
const id = "019aaf3e-7c00-7000-8000-000000000001";

const taken: readonly Case[] = [
  {
    line: "server 8888",
    variables: {
      MICROPAY_SILENT: "true",
      MICROPAY_HOST: "127.0.0.1",
      MICROPAY_JOIN_HOST: "A.example,[::2]:8889",
      MICROPAY_DB: "a.db",
      MICROPAY_CERTS: "/certs",
      MICROPAY_INITIAL_BALANCE: "500",
      MICROPAY_RSA_BITS: "3072",
      MICROPAY_REKEY_HOURS: "1",
      MICROPAY_RESET: "1",
      MICROPAY_YES: "yes",
      MICROPAY_DELETE_DB_ON_EXIT: "ON",
      MICROPAY_LOG_FORMAT: "json",
    },
    members: {
      silent: true,
      host: "127.0.0.1",
      joinHost: "a.example,[::2]:8889",
      db: "a.db",
      certs: "/certs",
      initialBalance: 500,
      rsaBits: 3072,
      rekeyHours: 1,
      reset: true,
      yes: true,
      deleteDbOnExit: true,
      logFormat: "json",
    },
  },
  {
    line: "client 127.0.0.1 8888",
    variables: {
      MICROPAY_VERBOSE: "1",
      MICROPAY_AS: "Alice",
      MICROPAY_CA: "my.pem",
      MICROPAY_FINGERPRINT: fingerprint.toUpperCase(),
      MICROPAY_HOME: "/home",
      MICROPAY_PORT: "9000",
      MICROPAY_ADVERTISE: "example.org:9001",
      MICROPAY_TIMEOUT: "2.5",
      MICROPAY_RSA_BITS: "4096",
      MICROPAY_JSON: "1",
      MICROPAY_NO_RELAY: "1",
    },
    members: {
      verbose: true,
      relay: false,
      as: "alice",
      ca: "my.pem",
      fingerprint,
      home: "/home",
      port: 9000,
      advertise: { host: "example.org", port: 9001 },
      timeoutSeconds: 2.5,
      rsaBits: 4096,
      json: true,
    },
  },
  {
    line: "client 127.0.0.1 8888 pay bob 5",
    variables: { MICROPAY_MEMO: "pizza and beer", MICROPAY_ID: id },
    members: { command: { name: "pay", memo: "pizza and beer", id } },
  },
  {
    line: "client 127.0.0.1 8888 receive",
    variables: { MICROPAY_COUNT: "3" },
    members: { command: { name: "receive", count: 3 } },
  },
  {
    line: "client 127.0.0.1 8888 history",
    variables: { MICROPAY_LIMIT: "5", MICROPAY_BEFORE: "7" },
    members: { command: { name: "history", limit: 5, before: 7 } },
  },
  {
    line: "gencert",
    variables: {
      MICROPAY_OUT: "/certs",
      MICROPAY_CERTIFICATE_HOST: "a.example, 192.0.2.7,::2",
      MICROPAY_DAYS: "30",
      MICROPAY_FORCE: "true",
    },
    members: { out: "/certs", hosts: ["a.example", "192.0.2.7", "::2"], days: 30, force: true },
  },
];

for (const { line, variables, members } of taken) {
  Deno.test(`every option of micropay ${line} can be a variable`, () => {
    assertObjectMatch(parsed(line, variables), members);
  });
}

const overridden: readonly Case[] = [
  {
    line: "server 8888 --db b.db --silent --initial-balance 0",
    variables: { MICROPAY_DB: "a.db", MICROPAY_SILENT: "no", MICROPAY_INITIAL_BALANCE: "5" },
    members: { db: "b.db", silent: true, initialBalance: 0 },
  },
  {
    line: "client 127.0.0.1 8888 --as bob --port 0",
    variables: { MICROPAY_AS: "alice", MICROPAY_PORT: "9000" },
    members: { as: "bob", port: 0 },
  },
  {
    line: "gencert --host b.example --host c.example",
    variables: { MICROPAY_CERTIFICATE_HOST: "a.example" },
    members: { hosts: ["b.example", "c.example"] },
  },
  {
    line: "server 8888 --db b.db",
    variables: { MICROPAY_DB: "not\0usable" },
    members: { db: "b.db" },
  },
];

for (const { line, variables, members } of overridden) {
  Deno.test(`the command line wins: micropay ${line}`, () => {
    assertObjectMatch(parsed(line, variables), members);
  });
}

for (const off of ["0", "false", "no", "off", "OFF"]) {
  Deno.test(`a flag is off when its variable is ${off}`, () => {
    assertObjectMatch(parsed("server 8888", { MICROPAY_SILENT: off }), { silent: false });
  });
}

const refused: readonly {
  readonly line: string;
  readonly variables: Variables;
  readonly reason: string;
}[] = [
  {
    line: "server 8888",
    variables: { MICROPAY_SILENT: "maybe" },
    reason: 'MICROPAY_SILENT "maybe": a flag is 1, true, yes or on, or 0, false, no or off.',
  },
  {
    line: "client 127.0.0.1 8888",
    variables: { MICROPAY_PORT: "-1" },
    reason: 'MICROPAY_PORT "-1": a port is a whole number from 0 to 65535.',
  },
  {
    line: "client 127.0.0.1 8888 history",
    variables: { MICROPAY_LIMIT: "all" },
    reason: 'MICROPAY_LIMIT "all": a limit is a whole number from 1 to 1000.',
  },
  {
    line: "gencert",
    variables: { MICROPAY_CERTIFICATE_HOST: "a.example,,b.example" },
    reason:
      'MICROPAY_CERTIFICATE_HOST "a.example,,b.example": a host is a DNS name or an IP address, without a port; several are separated by commas.',
  },
  {
    line: "server 8888",
    variables: { MICROPAY_HOST: "a\u001b[2J" },
    reason: 'MICROPAY_HOST "a\\u{1b}[2J": a host is a DNS name or an IP address, without a port.',
  },
];

for (const { line, variables, reason } of refused) {
  Deno.test(`refused: ${Deno.inspect(variables)} with micropay ${line}`, () => {
    assertEquals(refusedWith(line, variables).reason, reason);
  });
}

Deno.test("an empty variable counts as not set", () => {
  const nothing = { MICROPAY_DB: "", MICROPAY_SILENT: "", MICROPAY_RSA_BITS: "" };
  assertEquals(parsed("server 8888", nothing), parsed("server 8888"));
});

Deno.test("a variable of one command does not affect another", () => {
  const others = {
    MICROPAY_PORT: "x",
    MICROPAY_JSON: "x",
    MICROPAY_LIMIT: "x",
    MICROPAY_DAYS: "x",
  };
  assertEquals(parsed("server 8888", others), parsed("server 8888"));
  const history = { MICROPAY_LIMIT: "x", MICROPAY_BEFORE: "x", MICROPAY_DB: "x\0" };
  assertEquals(parsed("client 127.0.0.1 8888 list", history), parsed("client 127.0.0.1 8888 list"));
});

/**
 * Variables that Kubernetes sets in every container for a service called micropay, and Docker for a
 * linked container.
 */
const orchestrated = {
  MICROPAY_SERVICE_HOST: "10.0.0.7",
  MICROPAY_SERVICE_PORT: "8888",
  MICROPAY_SERVICE_PORT_LEDGER: "8888",
  MICROPAY_PORT: "tcp://10.0.0.7:8888",
  MICROPAY_PORT_8888_TCP: "tcp://10.0.0.7:8888",
  MICROPAY_PORT_8888_TCP_PROTO: "tcp",
  MICROPAY_PORT_8888_TCP_PORT: "8888",
  MICROPAY_PORT_8888_TCP_ADDR: "10.0.0.7",
  MICROPAY_NAME: "/client/micropay",
};

for (const line of ["server 8888", "client 127.0.0.1 8888 list", "gencert", "ledger audit"]) {
  Deno.test(`the variables that an orchestrator sets for a service called micropay do not affect micropay ${line}`, () => {
    assertEquals(parsed(line, orchestrated), parsed(line));
  });
}

Deno.test("the variable of the server's address does not affect the certificate's names, and the reverse", () => {
  const hosts = { MICROPAY_HOST: "192.0.2.7", MICROPAY_CERTIFICATE_HOST: "pay.example.org" };
  assertObjectMatch(parsed("server 8888", hosts), { host: "192.0.2.7" });
  assertObjectMatch(parsed("gencert", hosts), { hosts: ["pay.example.org"] });
});

Deno.test("the variable that agrees to an empty ledger does not agree to a new CA, and the reverse", () => {
  for (const variable of ["MICROPAY_YES", "MICROPAY_CERTIFICATE_YES"]) {
    const variables = { [variable]: "1" };
    const isOfServer = variable === "MICROPAY_YES";
    assertObjectMatch(parsed("server 8888 --reset", variables), { yes: isOfServer });
    assertObjectMatch(parsed("gencert --force", variables), { yes: !isOfServer });
    assertObjectMatch(parsed("gencert renew", variables), { yes: !isOfServer });
  }
  assertObjectMatch(parsed("gencert --force --yes"), { yes: true });
  assertObjectMatch(parsed("gencert", { MICROPAY_CERTIFICATE_YES: "no" }), { yes: false });
});

Deno.test("no argument comes from the environment", () => {
  const variables = { MICROPAY_SERVER_PORT: "8888", MICROPAY_SERVER_IP: "127.0.0.1" };
  assertEquals(refusedWith("server", variables).reason, "SERVER_PORT is missing.");
});

Deno.test("help works with a wrong environment", () => {
  const { text } = printedBy("server --help", { MICROPAY_SILENT: "maybe", MICROPAY_RSA_BITS: "1" });
  assertStringIncludes(text, "[MICROPAY_SILENT]");
});

const paths: readonly { readonly line: string; readonly options: readonly string[] }[] = [
  { line: "server 8888", options: ["--db", "--certs"] },
  { line: "client 127.0.0.1 8888", options: ["--home", "--ca"] },
  { line: "client 127.0.0.1 8888 register alice", options: ["--code-file"] },
  { line: "gencert", options: ["--out"] },
  { line: "ledger audit", options: ["--db", "--certs"] },
  { line: "verify", options: ["--ca"] },
];

for (const { line, options } of paths) {
  for (const option of options) {
    Deno.test(`micropay ${line}: ~ in ${option} is HOME, on the command line and in its variable`, () => {
      const variable = `MICROPAY_${option.slice(2).toUpperCase().replace("-", "_")}`;
      const HOME = "/home/a";
      const given = JSON.stringify(parsed(`${line} ${option}=~/x`, { HOME }));
      assertStringIncludes(given, '"/home/a/x"');
      assertEquals(JSON.stringify(parsed(line, { HOME, [variable]: "~/x" })), given);
      const { reason } = refusedWith(line, { [variable]: "~bob/x", HOME });
      assertStringIncludes(reason, `${variable} "~bob/x": a path is not empty`);
      assertStringIncludes(refusedWith(`${line} ${option}=~/x`).reason, `${option} "~/x": `);
    });
  }
}

Deno.test("~ is HOME in the words of backup, restore and verify", () => {
  for (const line of ["ledger backup ~/x", "ledger restore ~/x", "verify ~/x"]) {
    assertStringIncludes(JSON.stringify(parsed(line, { HOME: "/home/a" })), '"/home/a/x"');
  }
});
