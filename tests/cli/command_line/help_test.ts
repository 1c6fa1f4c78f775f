/**
 * Help and the version.
 */
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { parseCommandLine } from "../../../src/cli/command_line/command_line.ts";
import { printedBy } from "./fixture.ts";

const client = "client 127.0.0.1 8888";
const clientOptions = [
  "--as NAME",
  "--ca FILE",
  "--fingerprint HEX",
  "--home DIR",
  "--port N",
  "--advertise HOST[:PORT]",
  "--no-relay",
  "--timeout SECONDS",
  "--rsa-bits BITS",
  "--json",
  "-v, --verbose",
];

const pages: readonly {
  readonly line: string;
  readonly usage: string;
  readonly entries: string[];
}[] = [
  {
    line: "",
    usage: "micropay server [OPTIONS] SERVER_PORT [CONCURRENT_USER_LIMIT]",
    entries: ["server", "client", "gencert", "completion", "--help", "--version"],
  },
  {
    line: "server",
    usage: "micropay server [OPTIONS] SERVER_PORT [CONCURRENT_USER_LIMIT]",
    entries: [
      "SERVER_PORT",
      "CONCURRENT_USER_LIMIT",
      "-s, --silent",
      "--host ADDRESS",
      "--proxy-from ADDRESSES",
      "--db FILE",
      "--certs DIR",
      "--initial-balance N",
      "--rsa-bits BITS",
      "--rekey-hours N",
      "--reset",
      "--yes",
      "--delete-db-on-exit",
      "--log-format FORMAT",
    ],
  },
  {
    line: "client",
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] [COMMAND]",
    entries: [
      "SERVER_IP",
      "SERVER_PORT",
      ...["register", "list", "balance", "pay", "receive", "status", "history"],
      ...clientOptions,
    ],
  },
  {
    line: "gencert",
    usage: "micropay gencert [OPTIONS] [COMMAND]",
    entries: [
      "renew",
      "--out DIR",
      "--host NAME_OR_IP",
      "--days N",
      "--force",
      "--new-ca",
      "--yes",
      "--db FILE",
    ],
  },
  {
    line: "gencert renew",
    usage: "micropay gencert renew [OPTIONS]",
    entries: ["--out DIR", "--host NAME_OR_IP", "--days N"],
  },
  {
    line: `${client} register`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] register NAME",
    entries: ["NAME", ...clientOptions],
  },
  {
    line: `${client} list`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] list",
    entries: clientOptions,
  },
  {
    line: `${client} balance`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] balance",
    entries: clientOptions,
  },
  {
    line: `${client} pay`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] pay [TO] [AMOUNT]",
    entries: [
      "TO",
      "AMOUNT",
      "--memo TEXT",
      "--id UUID",
      "--batch FILE",
      "--dry-run",
      "--yes",
      ...clientOptions,
    ],
  },
  {
    line: `${client} receive`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] receive",
    entries: ["--count N", ...clientOptions],
  },
  {
    line: `${client} status`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] status ENTRY|ID",
    entries: ["ENTRY|ID", ...clientOptions],
  },
  {
    line: `${client} witnesses`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] witnesses ACTION [KEY]",
    entries: ["ACTION", "KEY", ...clientOptions],
  },
  {
    line: "witness",
    usage: "micropay witness [OPTIONS] SERVER_IP SERVER_PORT",
    entries: [
      "SERVER_IP",
      "SERVER_PORT",
      "--ca FILE",
      "--every PERIOD",
      "--out DIR",
      "--name NAME",
      "--count N",
      "--rsa-bits BITS",
      "--json",
    ],
  },
  {
    line: `${client} history`,
    usage: "micropay client [OPTIONS] [SERVER_IP SERVER_PORT] history",
    entries: ["--limit N", "--before ENTRY", ...clientOptions],
  },
];

for (const { line, usage, entries } of pages) {
  Deno.test(`micropay ${line} --help shows the usage, every entry and an example`, () => {
    const { text } = printedBy(`${line} --help`);
    assertStringIncludes(text, `Usage: ${usage}`);
    // An entry alone on its line has no description.
    for (const entry of entries) {
      assertMatch(text, new RegExp(`^  ${RegExp.escape(entry)} +[^ ]`, "m"));
    }
    const command = line.split(" ")[0]!;
    assertMatch(text, new RegExp(`^Examples:\n {2}micropay ${command}`, "m"));
  });

  Deno.test(`micropay ${line} --help names the variable of every option`, () => {
    const { text } = printedBy(`${line} --help`);
    for (const [, name] of text.matchAll(/^ {2}(?:-[a-z], )?--([a-z-]+)/gm)) {
      if (name === "help" || name === "version") continue;
      const own = line.startsWith("gencert") && ["host", "yes"].includes(name!)
        ? `certificate-${name}`
        : line.endsWith(" pay") && name === "yes"
        ? "pay-yes"
        : name!;
      assertStringIncludes(text, `[MICROPAY_${own.toUpperCase().replaceAll("-", "_")}]`);
    }
  });

  for (const columns of [60, 80, 200]) {
    Deno.test(`micropay ${line} --help stays within ${columns} columns`, () => {
      const words = [...line.split(" ").filter((word) => word !== ""), "--help"];
      const printed = parseCommandLine(words, {
        environment: () => undefined,
        version: "1",
        columns,
      });
      assert(printed.kind === "print");
      for (const row of printed.text.split("\n")) {
        // An example is one line to copy, on a narrow terminal, too. A URI is one word.
        if (columns >= 80 && !row.includes("micropay://")) {
          assertLessOrEqual(row.length, columns, row);
        }
        assertEquals(row, row.trimEnd());
      }
    });
  }
}

Deno.test("help shows the defaults", () => {
  const { text } = printedBy("server --help");
  for (const shown of ["::", "server.db", "certs", "10000", "2048", "text"]) {
    assertMatch(text, new RegExp(`Default:\\s+${RegExp.escape(shown)}\\.`));
  }
});

Deno.test("the help of verify shows no default of its files", () => {
  assertMatch(printedBy("verify --help").text, /^ {2}FILE +Receipts, one a line; - for stdin\.$/m);
});

Deno.test("gencert renew shows and completes no option for replacing the CA", () => {
  const { text } = printedBy("gencert renew --help");
  assertEquals([...text.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name), [
    "out",
    "ca-from",
    "host",
    "days",
    "help",
  ]);
  assertEquals(printedBy("completion bash gencert renew --f").text, "");
});

Deno.test("--help works anywhere, even beside wrong words", () => {
  assertEquals(printedBy("server 8888 --help").text, printedBy("server --help").text);
  assertEquals(printedBy("client 127.0.0.1 8888 --help").text, printedBy("client --help").text);
});

Deno.test("the version is printed with the program's name", () => {
  assertEquals(printedBy("--version"), { kind: "print", text: "micropay 1.2.3\n", exitCode: 0 });
});
