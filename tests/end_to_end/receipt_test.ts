/**
 * Receipts that a member prints, and writes into files, without the server.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { systemProcessIo } from "../../src/cli/process_io.ts";
import { run } from "../../src/cli/run.ts";
import { json, openSceneInProcess, type Scene, step } from "./driver.ts";
import { walletQuery } from "./wallet_query.ts";

/** Runs a command of alice's client without `--ca`: what is pinned has to do. */
function alone(scene: Scene, ...args: string[]) {
  const place = ["client", "127.0.0.1", String(scene.server.port)];
  return scene.run([...place, ...args], {
    env: { MICROPAY_HOME: scene.home("alice") },
    folder: scene.home("alice"),
  });
}

Deno.test("a member prints its receipts and writes them into files for verify, while the server is away", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const fingerprint = scene.query("SELECT id FROM ledger").trim();
  const ids: string[] = [];
  for (const amount of ["5", "7"]) {
    const pay = ["pay", "bob", amount, "--via-server", "--memo", "lunch", "--json"];
    ids.push(String(json((await scene.inProcess(pay)).stdout).id));
  }
  const none = await alone(scene, "receipt", "3");
  assertEquals([none.code, none.stdout], [4, ""]);
  assertMatch(none.stderr, /none is pinned for this address in .*wallet\.db; give the address/);
  const pinned = await alone(scene, "balance", "--fingerprint", fingerprint);
  assertEquals([pinned.code, pinned.stdout], [0, "9988\n"]);
  const proven = await alone(scene, "receipt", "3", "--proof");
  await scene.server.stop();

  await step(t, "with the proof that the ledger has it, which verify checks", async () => {
    assertEquals([proven.code, proven.stderr], [0, ""]);
    const members = ["receipt", "order", "checkpoint", "proof", "serverCertificate"];
    assertEquals(Object.keys(json(proven.stdout)), members);
    await Deno.writeTextFile(scene.path("proven"), proven.stdout);
    const { code, stdout } = await scene.verifyInProcess(scene.path("proven"));
    assertEquals(code, 0);
    assertMatch(stdout, /payer and server; it was in the ledger of 4 rows at 20\S+Z\n$/);
    const { rows, provenAt } = json(
      (await scene.verifyInProcess(scene.path("proven"), "--json"))
        .stdout,
    );
    assertEquals(rows, 4);
    assertMatch(String(provenAt), /^20\S+Z$/);
  });

  await step(t, "a proof needs the server, and the error names its address", async () => {
    const { code, stdout, stderr } = await alone(scene, "receipt", "3", "--proof");
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^micropay: no micropay server answered at 127\.0\.0\.1:/);
  });

  await step(t, "by number and by id, which is the same line", async () => {
    const byNumber = await alone(scene, "receipt", "3");
    const byId = await scene.inProcess(["receipt", ids[0]!, "--json"]);
    assertEquals([byNumber.code, byNumber.stderr, byNumber.stdout], [0, "", byId.stdout]);
    assertEquals(Object.keys(json(byId.stdout)), ["receipt", "order"]);
    await Deno.writeTextFile(scene.path("printed"), byNumber.stdout);
    const { code, stdout } = await scene.verifyInProcess(scene.path("printed"));
    assertEquals(code, 0);
    assertMatch(stdout, /^alice paid bob 5 \("lunch"\) .*, entry 3, .*payer and server\n$/);
  });

  await step(t, "without a session key, which takes long to make", async () => {
    const place = ["client", "127.0.0.1", String(scene.server.port), "--home", scene.home("alice")];
    const lines: string[] = [];
    const code = await run([...place, "receipt", "3"], {
      ...systemProcessIo,
      environment: () => undefined,
      openInput: () => new Blob([]).stream(),
      print: (line) => lines.push(line),
      makeSessionKey: () => Promise.reject(new Error("a session key was made")),
    });
    assertEquals([code, Object.keys(json(lines.join()))], [0, ["receipt", "order"]]);
  });

  await step(t, "a missing receipt: the error names the file and how to get it", async () => {
    const { code, stdout, stderr } = await scene.inProcess(["receipt", "99"]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(
      stderr,
      /^micropay: find the receipt of entry 99: .*wallet\.db has none for alice\. /,
    );
  });

  const out = scene.path("for the treasurer");
  const write = (...args: string[]) => scene.inProcess(["receipts", "--out", out, ...args]);
  const files = () => [...Deno.readDirSync(out)].map(({ name }) => name).sort();

  await step(t, "all, a private file each, which verify reads", async () => {
    const { code, stdout } = await alone(scene, "receipts", "--out", out);
    assertEquals([code, stdout], [0, `2 receipts written to ${out}\n`]);
    assertEquals(files(), ids.map((id) => `${id}.json`));
    for (const name of files()) assertEquals(Deno.statSync(`${out}/${name}`).mode! & 0o777, 0o600);
    const verified = await scene.verifyInProcess(...files().map((name) => `${out}/${name}`));
    assertEquals([verified.code, verified.stdout.trim().split("\n").length], [0, 2]);
  });

  await step(
    t,
    "once more: those that are there stay, and another file is not overwritten",
    async () => {
      await Deno.remove(`${out}/${ids[0]}.json`);
      assertEquals(json((await write("--json")).stdout), { written: 1, present: 1, folder: out });
      const path = `${out}/${ids[1]}.json`;
      await Deno.writeTextFile(path, "a diary");
      const { code, stderr } = await write();
      assertEquals([code, await Deno.readTextFile(path)], [1, "a diary"]);
      assertStringIncludes(stderr, `write ${path}: there is another file of that name`);
      assertEquals(files().length, 2);
      await Deno.remove(path);
      await Deno.symlink(scene.path("elsewhere"), path);
      assertEquals((await write()).code, 1);
      assertEquals(files().length, 2);
    },
  );

  await step(t, "an id that is a path is written nowhere", async () => {
    walletQuery(scene, "alice", "UPDATE receipt SET id = '../escaped' WHERE entry = 3");
    const { code, stderr } = await write("--json");
    assertEquals([code, json(stderr).error], [1, "file"]);
    assertStringIncludes(String(json(stderr).text), "../escaped: this is not the id of a payment");
  });
});
