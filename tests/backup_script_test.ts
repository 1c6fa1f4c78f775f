/**
 * The script in `examples/` that cron runs: its copies are complete, checked and private.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openSceneInProcess, type Scene } from "./end_to_end/driver.ts";
import { runtimeEnvironment } from "./end_to_end/program.ts";

const script = new URL("../examples/micropay-backup", import.meta.url).pathname;

Deno.test("micropay-backup copies the ledger and the certificates while the server runs", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  await Deno.mkdir(scene.path("backup"));
  await Deno.writeTextFile(scene.path("backup", "old.db"), "");
  await Deno.writeTextFile(scene.path("backup", "notes"), "");
  const monthAgo = Date.now() - 32 * 86_400_000;
  for (const name of ["old.db", "notes"]) {
    await Deno.utime(scene.path("backup", name), new Date(monthAgo), new Date(monthAgo));
  }

  const { code, stderr } = await runScript(scene);

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const names = Array.from(Deno.readDirSync(scene.path("backup")), ({ name }) => name).sort();
  const made = names.filter((name) => !["audits.jsonl", "notes"].includes(name));
  assertEquals(made.length, 2);
  assertMatch(made[0]!, /^\d{4}-\d\d-\d\dT\d{6}Z-certs\.tar$/);
  assertEquals(made[1], made[0]!.replace("-certs.tar", ".db"));
  for (const name of made) {
    assertEquals((await Deno.stat(scene.path("backup", name))).mode! & 0o777, 0o600, name);
  }
  const audits = await Deno.readTextFile(scene.path("backup", "audits.jsonl"));
  assertMatch(audits, /^\{"outcome":"in_order","entries":1,.*\}\n$/);

  const moved = scene.path("moved");
  await Deno.mkdir(moved);
  await Deno.rename(scene.path("backup", made[1]!), `${moved}/server.db`);
  await run(["tar", "-xf", scene.path("backup", made[0]!), "-C", moved]);
  const audited = await scene.run(["ledger", "audit"], { folder: moved });
  assertEquals(audited.code, 0, audited.stderr);
});

Deno.test("micropay-backup fails and says why where there is no ledger", async () => {
  await using scene = await openSceneInProcess([]);
  await scene.server.stop();
  await Deno.remove(scene.path("server.db"));
  const { code, stderr } = await runScript(scene);
  assertEquals(code, 1);
  assertMatch(stderr, /there is no ledger/);
  await assertRejects(() => Deno.stat(scene.path("backup")), Deno.errors.NotFound);
});

Deno.test("micropay-backup without a folder says what to give", async () => {
  await using scene = await openSceneInProcess([]);
  const { code, stderr } = await runScript(scene, []);
  assert(code !== 0);
  assertMatch(stderr, /give the folder with server\.db and certs$/m);
});

/** Runs the script for the scene's ledger, with a `micropay` on its PATH. */
async function runScript(
  scene: Scene,
  args: readonly string[] = [scene.folder],
): Promise<{ readonly code: number; readonly stderr: string }> {
  const { code, stderr } = await new Deno.Command(script, {
    args: [...args],
    env: { ...runtimeEnvironment(), PATH: `${await scene.programFolder()}:/usr/bin:/bin` },
    clearEnv: true,
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

async function run([command, ...args]: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command!, { args }).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}
