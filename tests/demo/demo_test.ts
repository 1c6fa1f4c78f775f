/**
 * The demo is the first thing that a newcomer runs. It succeeds, fails loudly when something is
 * wrong, and leaves no files or processes behind.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { resolve } from "node:path";
import { openScene } from "../end_to_end/driver.ts";
import { readLines } from "../read_lines.ts";

Deno.test("the demo pays, shows the balances and leaves nothing behind", async () => {
  await inEmptyFolder(async (folder) => {
    const { code, stdout, stderr } = await demo(folder).output();
    assertEquals({ code, stderr: text(stderr) }, { code: 0, stderr: "" });
    for (const seen of ["transfer OK", "alice just sent you $2000!", "alice|8000", "bob|12000"]) {
      assertStringIncludes(text(stdout), seen);
    }
    assertMatch(text(stdout), /paid 2000 to bob, balance 8000, entry 3, id [0-9a-f-]{36}\n/);
  });
});

Deno.test("the demo fails loudly when the program says something else", async () => {
  await inEmptyFolder(async (folder) => {
    const { code, stderr } = await demo(folder, { MICROPAY_EXECUTABLE: "/bin/echo" }).output();
    assertEquals(code, 1);
    assertStringIncludes(
      text(stderr),
      "The demo FAILED.\nmicropay gencert\n  expected a line like",
    );
    assertStringIncludes(text(stderr), "It printed:\n    gencert\n");
  });
});

Deno.test("the demo fails loudly when the program fails", async () => {
  await inEmptyFolder(async (folder) => {
    const { code, stderr } = await demo(folder, { MICROPAY_EXECUTABLE: "/usr/bin/false" }).output();
    assertEquals(code, 1);
    assertStringIncludes(text(stderr), "expected an end with exit code 0, but it was exit code 1");
  });
});

const interruptions = [
  // By then Bob waits for payments too.
  { signal: "SIGINT", exitCode: 130, after: "Alice registers" },
  { signal: "SIGTERM", exitCode: 143, after: "listening on port" },
  { signal: "SIGHUP", exitCode: 129, after: "listening on port" },
] as const;

for (const { signal, exitCode, after } of interruptions) {
  Deno.test(`the demo ends its processes and removes its folder on ${signal}`, async () => {
    await using scene = await openScene();
    // To make session keys would take most of the time.
    const program = Deno.env.get("MICROPAY_EXECUTABLE") ??
      `${await scene.programFolder()}/micropay`;
    await inEmptyFolder(async (folder) => {
      const child = demo(folder, { MICROPAY_EXECUTABLE: program }).spawn();
      let port = 0;
      for await (const line of readLines(child.stdout)) {
        port ||= Number(/listening on port (\d+)/.exec(line)?.[1] ?? 0);
        if (line.includes(after)) child.kill(signal);
      }
      await child.stderr.cancel();
      assertEquals((await child.status).code, exitCode);
      assertEquals(await connects(port), false);
    });
  });
}

/** Runs the action, and fails when a file is left in the folder for temporary files. */
async function inEmptyFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await action(folder);
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function demo(folder: string, environment: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-all",
      resolve(import.meta.dirname!, "demo.ts"),
    ],
    env: { TMPDIR: folder, ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function connects(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
