/**
 * A witness with nothing but the CA's certificate, its server, and a member who counts it.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { modeOf } from "../client/wallet/file_mode.ts";
import { json, jsonLines, openScene, openSceneInProcess, type Scene, step } from "./driver.ts";
import type { RunningProgram } from "./program.ts";

/** Returns the words of a witness that visits the server each second. */
function witnessWords({ server }: Scene, args: readonly string[]): readonly string[] {
  return ["witness", "127.0.0.1", String(server.port), "--every", "1s", ...args];
}

/** Starts a witness within this process. */
function startWitness(scene: Scene, ...args: readonly string[]): RunningProgram {
  const out = args.includes("--out") ? [] : ["--out", scene.path("witness")];
  return scene.startInProcess(witnessWords(scene, [...out, ...args]));
}

/** Starts a witness as a process of its own. */
function startWitnessProcess(scene: Scene, ...args: readonly string[]): RunningProgram {
  return scene.start(witnessWords(scene, args));
}

/** Makes a witness's key with a visit, and returns its verifier key. */
async function makeWitness(scene: Scene): Promise<string> {
  const { code, stdout } = await startWitness(scene, "--count", "1", "--json", "--name", "carol")
    .end();
  const [first, second] = jsonLines(stdout);
  assertEquals([code, first!.event, second!.event, second!.kept], [
    0,
    "witness",
    "cosigned",
    false,
  ]);
  return String(first!.verifierKey);
}

Deno.test("a member counts a witness, and the witness convicts a server that went back", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const folder = scene.path("witness");
  const key = await makeWitness(scene);
  const pay = (amount: string) => scene.inProcess(["pay", "bob", amount, "--via-server"]);
  await step(t, "its key is its own, and the folder has what was cosigned", async () => {
    assertEquals(await modeOf(join(folder, "key.pem")), 0o600);
    assertEquals(await Deno.readTextFile(join(folder, "verifier_key.txt")), `${key}\n`);
    const kept = await Deno.readTextFile(join(folder, "checkpoints.jsonl"));
    assertEquals(await Deno.readTextFile(join(folder, "newest.json")), kept);
    assertMatch(String(json(kept).checkpoint), /^micropay:ledger:.*\n2\n[^]*\n— carol \S+\n$/);
  });
  await step(t, "to a server that does not name it, it says how to name it", async () => {
    const { code, stdout, stderr } = await startWitness(scene, "--count", "1").end();
    assertEquals(code, 0);
    assert(stdout.startsWith(`Verifier key ${key}, in `), stdout);
    assertMatch(stdout, /\n\S+Z {2}2 rows {2}head [0-9a-f]{64} {2}cosigned\n$/);
    assert(stderr.includes("micropay server PORT --witness"), stderr);
  });
  await step(t, "a member accepts it, and audit says that it did not cosign", async () => {
    const added = await scene.inProcess(["witnesses", "add", key]);
    assertEquals([added.code, added.stdout], [0, `${key}\n`]);
    const { code, stdout } = await scene.inProcess(["audit"]);
    assertEquals(code, 0);
    assertMatch(stdout, /^0 of 1 witnesses cosigned the ledger of 2 rows, .*; not carol$/m);
  });
  await scene.server.stop();
  await scene.startServerInProcess({
    port: scene.server.port,
    args: ["20", "--silent", "--witness", key],
  });
  assertEquals((await pay("1")).code, 0);
  assertEquals((await scene.ledgerInProcess("backup", scene.path("old.db"))).code, 0);
  assertEquals((await pay("2")).code, 0);
  await step(t, "named by the operator, it counts", async () => {
    const { code, stderr } = await startWitness(scene, "--count", "1").end();
    assertEquals([code, stderr], [0, ""]);
    const text = await scene.inProcess(["audit"]);
    assertEquals(text.code, 0);
    assertMatch(
      text.stdout,
      /^1 of 1 witnesses cosigned the ledger of \d rows, published at \S+Z$/m,
    );
    const { witnesses } = json((await scene.inProcess(["audit", "--json"])).stdout) as {
      witnesses: Record<string, unknown>;
    };
    assertEquals([witnesses.cosigned, witnesses.absent], [["carol"], []]);
  });
  const running = startWitness(scene);
  await running.line(/cosigned$/);
  await step(t, "a second witness in the same folder is refused", async () => {
    const { code, stderr } = await startWitnessProcess(scene).end();
    assertEquals(code, 1);
    assertMatch(stderr, /another process holds it/);
  });
  await scene.server.stop();
  await running.errorLine(/no micropay server answered/);
  assertEquals((await scene.ledgerInProcess("restore", scene.path("old.db"))).code, 0);
  await scene.startServerInProcess({
    port: scene.server.port,
    args: ["20", "--silent", "--witness", key],
  });
  await step(t, "it ends with 5, and anybody can check its evidence", async () => {
    const { code, stdout, stderr } = await running.end();
    assertEquals(code, 5);
    assertMatch(stdout, /^The ledger was rewritten: the server signed a ledger of \d rows; /m);
    const [, file] = /^The evidence is in (\S+); anybody/m.exec(stderr)!;
    assertEquals(await modeOf(file!), 0o600);
    await scene.server.stop();
    const said = await scene.verifyInProcess("--evidence", file!);
    assertEquals(said.code, 0, said.stdout);
    assertMatch(said.stdout, /^The server signed a ledger of \d rows; asked later to prove/);
    const [silence] = stderr.match(/no micropay server answered/g)!;
    assertEquals(stderr.split(silence!).length, 2);
  });
  await step(t, "it remembers what it cosigned, and cosigns nothing more", async () => {
    await scene.startServerInProcess({
      port: scene.server.port,
      args: ["20", "--silent", "--witness", key],
    });
    const before = await Deno.readTextFile(join(folder, "checkpoints.jsonl"));
    const { code, stdout } = await startWitness(scene, "--json").end();
    assertEquals([code, jsonLines(stdout)[1]!.code], [5, 400]);
    assertEquals(await Deno.readTextFile(join(folder, "checkpoints.jsonl")), before);
  });
});

Deno.test("a witness ends at Ctrl-C with 0, and does not believe another CA", async () => {
  await using scene = await openSceneInProcess([]);
  const witness = startWitnessProcess(scene, "--json");
  await witness.line(/"event":"cosigned","rows":0/);
  witness.signal("SIGINT");
  assertEquals((await witness.end()).code, 0);
  await scene.gencert("--out", scene.path("others"));
  const ca = ["--ca", scene.path("others", "CA.pem")];
  const other = await startWitness(scene, ...ca, "--out", scene.path("other")).end();
  assertEquals(other.code, 4, other.stderr);
  // What it cosigned is of the other ledger.
  const changed = await startWitness(scene, ...ca).end();
  assertEquals(changed.code, 1, changed.stderr);
  assertMatch(
    changed.stderr,
    /newest\.json: .*give the CA of the ledger that this witness follows/,
  );
});

Deno.test("a person changes the accepted witnesses without the server", async () => {
  await using scene = await openScene();
  await scene.startServerInProcess();
  await scene.register("alice");
  const key = await makeWitness(scene);
  await scene.server.stop();
  const change = (...args: string[]) => scene.inProcess(["witnesses", ...args]);
  assertEquals((await change("list")).stdout, "");
  assertEquals((await change("add", key)).code, 0);
  assertEquals((await change("add", key)).stdout, `${key}\n`);
  const listed = json((await change("list", "--json")).stdout);
  assertEquals(listed, { witnesses: [{ name: "carol", verifierKey: key }] });
  assertEquals((await change("remove", "carol")).stdout, "");
  assertEquals((await change("list")).stdout, "");
  for (const words of [["remove", "carol"], ["add", "carol"], ["add"], ["list", "carol"]]) {
    const { code, stdout } = await change(...words);
    assertEquals([code, stdout], [2, ""], words.join(" "));
  }
});
