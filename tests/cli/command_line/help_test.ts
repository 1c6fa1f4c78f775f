/**
 * Help, the version, and completion in the shell.
 */
import { testWith } from "../../installed_tool.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { parseCommandLine } from "../../../src/cli/command_line/command_line.ts";
import { printedBy, refusedWith } from "./fixture.ts";

const client = "client 127.0.0.1 8888";
const clientOptions = [
  "--as NAME",
  "--ca FILE",
  "--fingerprint HEX",
  "--home DIR",
  "--port N",
  "--advertise HOST[:PORT]",
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
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT [COMMAND]",
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
    usage: "micropay gencert [OPTIONS] renew",
    entries: ["--out DIR", "--host NAME_OR_IP", "--days N"],
  },
  {
    line: `${client} register`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT register NAME",
    entries: ["NAME", ...clientOptions],
  },
  {
    line: `${client} list`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT list",
    entries: clientOptions,
  },
  {
    line: `${client} balance`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT balance",
    entries: clientOptions,
  },
  {
    line: `${client} pay`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT pay TO AMOUNT",
    entries: ["TO", "AMOUNT", "--memo TEXT", "--id UUID", ...clientOptions],
  },
  {
    line: `${client} receive`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT receive",
    entries: ["--count N", ...clientOptions],
  },
  {
    line: `${client} status`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT status ENTRY|ID",
    entries: ["ENTRY|ID", ...clientOptions],
  },
  {
    line: `${client} history`,
    usage: "micropay client [OPTIONS] SERVER_IP SERVER_PORT history",
    entries: ["--limit N", "--before ENTRY", ...clientOptions],
  },
];

for (const { line, usage, entries } of pages) {
  Deno.test(`micropay ${line} --help shows the usage, every entry and an example`, () => {
    const { text } = printedBy(`${line} --help`);
    assertStringIncludes(text, `Usage: ${usage}`);
    // An entry alone on its line is one whose description was forgotten.
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
      const own = line.startsWith("gencert") && name === "host" ? "certificate-host" : name!;
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
        // An example is one line to copy, however narrow the terminal is.
        if (columns >= 80) assertLessOrEqual(row.length, columns, row);
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

Deno.test("help is there wherever it is asked for, even beside words that are wrong", () => {
  assertEquals(printedBy("server 8888 --help").text, printedBy("server --help").text);
  assertEquals(printedBy("client 127.0.0.1 8888 --help").text, printedBy("client --help").text);
});

Deno.test("the version is printed with the program's name", () => {
  assertEquals(printedBy("--version"), { kind: "print", text: "micropay 1.2.3\n", exitCode: 0 });
});

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`completion ${shell} prints a script for micropay`, () => {
    const { text } = printedBy(`completion ${shell}`);
    assertStringIncludes(text, "micropay");
    assertStringIncludes(text, `'completion' '${shell}'`);
  });
}

Deno.test("completion needs a shell that it knows", () => {
  assertStringIncludes(refusedWith("completion").reason, "shell");
  assertStringIncludes(refusedWith("completion tcsh").reason, "tcsh");
});

const suggestions: readonly { readonly line: string[]; readonly includes: string[] }[] = [
  { line: ["s"], includes: ["server"] },
  { line: ["client", "127.0.0.1", "8888", "p"], includes: ["pay"] },
  {
    line: ["client", "127.0.0.1", "8888", ""],
    includes: ["register", "list", "balance", "pay", "receive", "status", "history"],
  },
  { line: ["client", "127.0.0.1", "8888", "pay", "bob", "5", "--m"], includes: ["--memo"] },
  { line: ["client", "127.0.0.1", "8888", "list", "--j"], includes: ["--json"] },
  { line: ["server", "8888", "--log-format", ""], includes: ["text", "json"] },
  { line: ["server", "8888", "--rsa-bits", "3"], includes: ["3072"] },
];

for (const { line, includes } of suggestions) {
  Deno.test(`completing "micropay ${line.join(" ")}" suggests ${includes.join(", ")}`, () => {
    const { text } = printedBy(["completion", "bash", ...line]);
    const found = text.split("\n").filter((word) => includes.includes(word));
    assertEquals(found.toSorted(), includes.toSorted());
  });
}

testWith(
  ["bash"],
  "bash completes micropay's words with the script that completion bash prints",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/completion.bash`, printedBy("completion bash").text);
      await makeExecutable(folder);
      const replies = await completeInBash(folder, [
        ["micropay", "cl"],
        ["micropay", "client", "127.0.0.1", "8888", "rec"],
        ["micropay", "server", "8888", "--initial"],
      ]);
      assertEquals(replies, ["client", "receive", "--initial-balance"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Puts an executable named micropay into the folder, which knows nothing but completion. */
async function makeExecutable(folder: string): Promise<void> {
  const source = import.meta.resolve("../../../src/cli/command_line/command_line.ts");
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  await Deno.writeTextFile(
    `${folder}/micropay.ts`,
    `import { parseCommandLine } from ${JSON.stringify(source)};
    const result = parseCommandLine(Deno.args, { environment: () => undefined, version: "1" });
    if (result.kind === "print") await Deno.stdout.write(new TextEncoder().encode(result.text));`,
  );
  const command = [Deno.execPath(), "run", "-q", "--no-prompt", "--config", config];
  await Deno.writeTextFile(
    `${folder}/micropay`,
    `#!/bin/sh\nexec ${
      command.map((word) => `'${word}'`).join(" ")
    } '${folder}/micropay.ts' "$@"\n`,
    { mode: 0o755 },
  );
}

/** What bash would fill in for the last word of each line, as if the tabulator key was pressed behind it. */
async function completeInBash(folder: string, lines: readonly string[][]): Promise<string[]> {
  const script = `
    source "$FOLDER/completion.bash"
    complete -p micropay > /dev/null || exit 9
    press() {
      COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}; COMPREPLY=()
      _micropay micropay "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
      echo "\${COMPREPLY[*]}"
    }
    ${lines.map((words) => `press ${words.join(" ")}`).join("\n")}`;
  const output = await new Deno.Command("bash", {
    args: ["--norc", "--noprofile", "-c", script],
    env: { FOLDER: folder, PATH: `${folder}:${Deno.env.get("PATH")}` },
  }).output();
  assertEquals(output.code, 0, new TextDecoder().decode(output.stderr));
  return new TextDecoder().decode(output.stdout).trimEnd().split("\n").map((reply) => reply.trim());
}
