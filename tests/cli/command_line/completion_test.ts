/**
 * Completion in the shell.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemProcessIo } from "../../../src/cli/process_io.ts";
import { run } from "../../../src/cli/run.ts";
import { testWith, type Tool } from "../../installed_tool.ts";
import { printedBy, refusedWith } from "./fixture.ts";

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`completion ${shell} prints a script for micropay`, () => {
    const { text } = printedBy(`completion ${shell}`);
    assertStringIncludes(text, "micropay");
    assertStringIncludes(text, `completion ${shell}`);
  });
}

Deno.test("completion refuses an unknown shell", () => {
  assertEquals(refusedWith("completion").reason, "SHELL is missing.");
  assertEquals(
    refusedWith("completion tcsh").reason,
    'SHELL "tcsh": a shell is bash, zsh or fish.',
  );
});

const suggestions: readonly { readonly line: string[]; readonly includes: string[] }[] = [
  { line: ["s"], includes: ["server"] },
  { line: ["client", "127.0.0.1", "8888", "p"], includes: ["pay"] },
  {
    line: ["client", "127.0.0.1", "8888", ""],
    includes: ["register", "list", "balance", "pay", "receive", "status", "history"],
  },
  { line: ["client", "i"], includes: ["identity"] },
  { line: ["client", "identity", "ex"], includes: ["export"] },
  { line: ["client", "identity", "import", ""], includes: [":file"] },
  { line: ["client", "identity", "--home", "x", "passphrase", "--r"], includes: ["--remove"] },
  { line: ["client", "127.0.0.1", "8888", "pay", "bob", "5", "--m"], includes: ["--memo"] },
  { line: ["client", "127.0.0.1", "8888", "list", "--j"], includes: ["--json"] },
  { line: ["server", "8888", "--log-format", ""], includes: ["text", "json"] },
  { line: ["server", "8888", "--rsa-bits", "3"], includes: ["3072"] },
  { line: ["server", "8888", "--log-format=t"], includes: ["--log-format=text"] },
  { line: ["client", "--as", "bob", "127.0.0.1", "8888", "--json", "p"], includes: ["pay"] },
  { line: ["ledger", "--db", "a.db", "ba"], includes: ["balances", "backup"] },
  { line: ["gencert", "r"], includes: ["renew"] },
  { line: ["completion", "z"], includes: ["zsh"] },
  { line: ["ledger", "backup", ""], includes: [":file"] },
  { line: ["verify", "a.json", ""], includes: [":file"] },
  { line: ["server", "--certs", "x"], includes: [":directory"] },
];

for (const { line, includes } of suggestions) {
  Deno.test(`completing "micropay ${line.join(" ")}" suggests ${includes.join(", ")}`, () => {
    const { text } = printedBy(["completion", "bash", ...line]);
    const found = text.split("\n").filter((word) => includes.includes(word));
    assertEquals(found.toSorted(), includes.toSorted());
  });
}

Deno.test("completion suggests nothing for a free text", () => {
  for (const line of [["server", ""], ["server", "8888", "--db=x"]]) {
    const { text } = printedBy(["completion", "bash", ...line]);
    assertEquals(text.includes("pay"), false, line.join(" "));
  }
});

Deno.test("completion prints no line when it suggests nothing, because a shell would type a blank", async () => {
  const printed: string[] = [];
  const line = ["completion", "bash", "client", "127.0.0.1", "8888", "pay", "al"];
  const print = (line: string) => void printed.push(line);
  const code = await run(line, { ...systemProcessIo, environment: () => undefined, print });
  assertEquals([code, printed], [0, []]);
});

Deno.test("zsh and fish get a description with each suggestion", () => {
  assertEquals(
    printedBy("completion zsh led").text,
    "ledger:Check, correct, export and back up the books.\n",
  );
  assertEquals(
    printedBy("completion fish server --d").text.split("\n")[0],
    "--db\tThe ledger: a file, or postgres://user@host/name.",
  );
});

/**
 * Presses the tabulator key after a line and prints the suggestions of each shell, separated by
 * blanks.
 */
const shells: readonly {
  readonly shell: Tool & ("bash" | "zsh" | "fish");
  readonly options: readonly string[];
  readonly press: string;
}[] = [
  {
    shell: "bash",
    options: ["--norc", "--noprofile"],
    press: `
      source "$FOLDER/script"
      complete -p micropay > /dev/null || exit 9
      press() {
        COMP_WORDS=($1); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMPREPLY=()
        _micropay micropay "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
        echo "\${COMPREPLY[*]}"
      }`,
  },
  {
    shell: "zsh",
    options: ["-f"],
    // Its completion functions need a terminal. These replacements print their arguments.
    press: `
      compdef() { :; }
      _describe() { print -- \${(P)2%%:*}; }
      _files() { print -- $PREFIX*; }
      source "$FOLDER/script"
      press() { words=(\${=1}); CURRENT=$#words; PREFIX=$words[-1]; setopt globsubst; _micropay }`,
  },
  {
    shell: "fish",
    options: ["--no-config"],
    press: `
      source "$FOLDER/script"
      function press; complete -C $argv[1] | string replace -r '\\t.*' '' | string join ' '; or true; end`,
  },
];

for (const { shell, options, press } of shells) {
  testWith(
    [shell],
    `${shell} completes micropay's words with the script of completion ${shell}`,
    async () => {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/script`, printedBy(`completion ${shell}`).text);
        await Deno.writeTextFile(`${folder}/backup.db`, "");
        await makeExecutable(folder);
        const lines = [
          "micropay cl",
          "micropay client 127.0.0.1 8888 hist",
          "micropay server 8888 --initial",
          "micropay ledger backup backup",
        ];
        const { code, stdout, stderr } = await new Deno.Command(shell, {
          args: [...options, "-c", [press, ...lines.map((line) => `press "${line}"`)].join("\n")],
          cwd: folder,
          env: { FOLDER: folder, PATH: `${folder}:${Deno.env.get("PATH")}` },
        }).output();
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
        assertEquals([code, text(stderr)], [0, ""]);
        const replies = text(stdout).split("\n").map((reply) => reply.trim());
        assertEquals(replies, ["client", "history", "--initial-balance", "backup.db"]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

/** Makes an executable `micropay` in the folder that has the completion only. */
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
