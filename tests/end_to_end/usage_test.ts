/**
 * Usage errors that are visible before anything is sent. The exit code is 2, stderr has a clear
 * text, and the server gets no message.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { json, openScene, openSceneInProcess, type Scene, step } from "./driver.ts";

const amountRule = "an amount is a whole number from 1 to 9007199254740991";
const nameRule = "a name is 1 to 32 of a-z 0-9 . _ - and starts with a letter or a digit";

const rows: readonly { readonly args: readonly string[]; readonly says: string }[] = [
  ...["0", "-1", "1.5", "1e3", "9007199254740992", "abc", "", " 1", "+1", "0x10", "01"].map(
    (amount) => ({ args: ["pay", "bob", amount], says: `"${amount}": ${amountRule}` }),
  ),
  { args: ["pay", "bob"], says: "AMOUNT is missing" },
  { args: ["pay"], says: "TO is missing" },
  { args: ["pay", "b b", "1"], says: `"b b": ${nameRule}` },
  { args: ["pay", "bob", "1", "--memo", "a\nb"], says: "a memo is 1 to 256 visible characters" },
  { args: ["pay", "bob", "1", "--id", "1"], says: "an order's id is a UUID of version 7 or 8" },
  { args: ["register", "-"], says: nameRule },
  { args: ["register", "@issuer"], says: nameRule },
  { args: ["register", "x".repeat(33)], says: nameRule },
  { args: ["register", "\u001b[31mred"], says: '"\\u{1b}[31mred"' },
  { args: ["register"], says: "NAME is missing" },
  { args: ["register", "NAME"], says: "write the name that you want in place of NAME" },
  { args: ["status", "x"], says: "a payment is an entry's number, from 1, or an order's id" },
  { args: ["history", "--limit", "0"], says: "a limit is a whole number from 1" },
  { args: ["receive", "--count", "0"], says: "a count is a whole number from 1" },
  { args: ["balance", "--timeout", "0"], says: "a timeout is a number of seconds" },
  { args: ["balance", "--fingerprint", "abc"], says: "a fingerprint is 64 hexadecimal digits" },
  { args: ["steal"], says: "steal" },
  { args: ["balance", "--steal"], says: "--steal" },
  { args: ["--json"], says: "--json needs a command" },
];

Deno.test("a wrong command line is refused with exit 2 before anything is sent", async (t) => {
  await using scene = await openSceneInProcess(["alice"]);
  const { program } = scene.server;
  await program.line(/ disconnected /);
  const before = program.stdout.lines.length;
  for (const { args, says } of rows) {
    await step(t, JSON.stringify(args), async () => await expectRefusal(scene, args, says));
  }
  // Nothing came between: the first that the server hears is the next good command.
  await scene.inProcess(["balance"]);
  await program.line(/→ \[Balance\]/);
  const heard = program.stdout.lines.slice(before);
  assertEquals(heard.filter((line) => line.includes(" connected (")).length, 1);
});

Deno.test("scripts get an error of the command line as JSON", async (t) => {
  await using scene = await openScene();
  for (const { args, says } of rows.filter((_, at) => at % 6 === 0)) {
    await step(t, JSON.stringify(args), async () => {
      const { code, stdout, stderr } = await scene.inProcess([...args, "--json"], { port: 1 });
      assertEquals([code, stdout], [2, ""]);
      const { error, text } = json(stderr);
      assertEquals(error, "usage");
      assertStringIncludes(onOneLine(String(text)), onOneLine(says));
    });
  }
});

async function expectRefusal(scene: Scene, args: readonly string[], says: string): Promise<void> {
  const { code, stdout, stderr } = await scene.inProcess(args);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(onOneLine(stderr), onOneLine(says));
}

/** The words are what counts; where a line is broken is not. */
function onOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

const commandLines: readonly { args: readonly string[]; code: number; says: string }[] = [
  { args: [], code: 2, says: "micropay" },
  { args: ["sever", "1"], code: 2, says: "server" },
  { args: ["client", "127.0.0.1"], code: 2, says: "SERVER_PORT is missing" },
  { args: ["client", "127.0.0.1", "0"], code: 2, says: "a port is a whole number from 1 to 65535" },
  { args: ["server"], code: 2, says: "SERVER_PORT is missing" },
  { args: ["server", "65536"], code: 2, says: "a port is a whole number from 0 to 65535" },
  { args: ["server", "0", "0"], code: 2, says: "a user limit is a whole number from 1" },
  {
    args: ["server", "0", "--initial-balance", "-5"],
    code: 2,
    says: "a balance is a whole number",
  },
  { args: ["server", "0", "--log-format", "xml"], code: 2, says: "text or json" },
  { args: ["server", "0", "--reset"], code: 2, says: "give --yes too" },
];

Deno.test("a command line without sense ends with exit 2 and a reason on stderr", async (t) => {
  await using scene = await openScene();
  for (const { args, code, says } of commandLines) {
    await step(t, `micropay ${args.join(" ")}`, async () => {
      const ended = await scene.runInProcess(args);
      assertEquals(ended.code, code);
      assertStringIncludes(onOneLine(ended.stderr), says);
    });
  }
});
