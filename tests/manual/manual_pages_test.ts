/**
 * Every command has a manual page and examples that it understands.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describeProgram, parseCommandLine } from "../../src/cli/command_line/command_line.ts";
import { testWith } from "../installed_tool.ts";
import { commandsOf, examplesOf, manualPages, wordsOf } from "./manual_pages.ts";

const options = { environment: () => undefined, version: "1.2.3" };
const commands = commandsOf(describeProgram(options));

/** Replaces each `…` of an example by a value. Examples leave out long values. */
function whole(line: string): string {
  return line.replace("ca=…", `ca=${"0".repeat(64)}`)
    .replace("request=…", `request=${"A".repeat(43)}.e30.AA`);
}

for (const command of commands) {
  Deno.test(`${wordsOf(command)} --help has examples, and each of them can be typed`, () => {
    const lines = examplesOf(command);
    assert(lines.length > 0, "it has no examples");
    const typed = lines.flatMap((line) =>
      /\bmicropay ((?:"[^"]*"|'[^']*'|[^|<>&;()#"'])*)/.exec(whole(line))?.[1] ?? []
    );
    assert(typed.length > 0, lines.join("\n"));
    for (const words of typed) {
      const args = words.trim().split(/ +/).map((word) => word.replace(/^["']|["']$/g, ""));
      const parsed = parseCommandLine(args, options);
      assert(parsed.kind !== "usage_error", `${words}: ${"text" in parsed ? parsed.text : ""}`);
    }
  });
}

Deno.test("there is a manual page for the program and for each of its commands", () => {
  const pages = manualPages("1.2.3");
  assertEquals(pages.length, commands.length);
  const pay = pages.find(({ file }) => file === "micropay-client-pay.1")!;
  for (const part of [".SH EXAMPLES", "\\-\\-batch FILE", "micropay\\-client(1)"]) {
    assertStringIncludes(pay.text, part);
  }
});

testWith(["groff"], "groff shows every manual page without a warning", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files: string[] = [];
    for (const { file, text } of manualPages("1.2.3")) {
      files.push(`${folder}/${file}`);
      await Deno.writeTextFile(files.at(-1)!, text);
    }
    const groff = new Deno.Command("groff", { args: ["-man", "-ww", "-Tutf8", ...files] });
    const { code, stderr, stdout } = await groff.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    assert(stdout.length > 10_000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
