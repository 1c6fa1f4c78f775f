/**
 * Checks that systemd accepts the unit in `examples/` and that the unit grants what the server
 * needs.
 */
import { assert, assertEquals } from "@std/assert";
import { testWith } from "./installed_tool.ts";

const unit = await Deno.readTextFile(new URL("../examples/micropay.service", import.meta.url));
const program = "/usr/local/bin/micropay";

testWith(["systemd-analyze"], "systemd accepts the unit that runs the server", async () => {
  // systemd also checks that the program exists, and micropay is not installed here.
  const { code, said } = await verify(unit.replaceAll(program, Deno.execPath()));
  assertEquals({ code, said }, { code: 0, said: "" });
});

testWith(["systemd-analyze"], "systemd refuses a unit with a misspelled line", async () => {
  const { said } = await verify(
    unit.replaceAll(program, Deno.execPath()).replace("ProtectHome=", "ProtectHomes="),
  );
  assert(said.includes("ProtectHomes"), said);
});

Deno.test("the unit runs the server in the folder that systemd makes for it", () => {
  assert(unit.includes(`\nExecStart=${program} server 8888 30 --silent\n`), unit);
  assert(unit.includes("\nWorkingDirectory=/var/lib/micropay\n"), unit);
  assert(unit.includes("\nStateDirectory=micropay\n"), unit);
});

async function verify(text: string): Promise<{ code: number; said: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/micropay.service`;
    await Deno.writeTextFile(file, text);
    const { code, stderr } = await new Deno.Command("systemd-analyze", {
      args: ["verify", file],
      stdout: "null",
      stderr: "piped",
    }).output();
    return { code, said: new TextDecoder().decode(stderr).trim() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
