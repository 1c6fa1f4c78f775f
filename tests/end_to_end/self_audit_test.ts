/**
 * The client audits by itself. It is silent when all is well, and loud when the server shows
 * another ledger than before: with evidence that anybody checks without the server.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { modeOf } from "../client/wallet/file_mode.ts";
import { json, jsonLines, openSceneInProcess, type Scene, step } from "./driver.ts";
import { testWith } from "../installed_tool.ts";
import { programCommand, runtimeEnvironment } from "./program.ts";
import { quote, Terminal } from "./terminal.ts";
import { walletQuery } from "./wallet_query.ts";

/** The files of evidence of an account. */
function evidenceOf(scene: Scene, name: string): string[] {
  const [ledger] = [...Deno.readDirSync(scene.home(name))].filter((one) => one.isDirectory);
  const folder = join(scene.home(name), ledger!.name, "accounts", name);
  return [...Deno.readDirSync(folder)].map((one) => join(folder, one.name))
    .filter((path) => path.includes("evidence")).sort();
}

/** Puts an earlier copy under the server, which goes on with it. */
async function goBackTo(scene: Scene, copy: string): Promise<void> {
  await scene.server.stop();
  assertEquals((await scene.ledgerInProcess("restore", copy)).code, 0);
  await scene.startServerInProcess({ port: scene.server.port });
}

Deno.test("a client that finds its ledger in order says nothing about it", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const left = () => walletQuery(scene, "alice", "SELECT id FROM receipt WHERE audited = 0");
  await step(t, "after a payment nothing is left to check", async () => {
    const { code, stdout, stderr } = await scene.inProcess(["pay", "bob", "5", "--via-server"]);
    assertMatch(stdout, /^transfer OK\npaid 5 to bob, balance 9995, entry 3, id \S+\n$/);
    assertEquals([code, stderr, left()], [0, "", []]);
    assertEquals(walletQuery(scene, "alice", "SELECT entry FROM audit"), [3]);
  });
  await step(t, "a command that only asks follows the ledger, too", async () => {
    assertEquals(
      (await scene.inProcess(["pay", "alice", "1", "--via-server"], { as: "bob" })).code,
      0,
    );
    const { code, stdout, stderr } = await scene.inProcess(["balance"]);
    assertEquals([code, stdout, stderr], [0, "9996\n", ""]);
    assertEquals(walletQuery(scene, "alice", "SELECT entry FROM audit"), [4]);
  });
  await step(t, "a payment that comes is checked before receive ends", async () => {
    const receiver = scene.startClientInProcess(["receive", "--count", "1", "--json"]);
    await receiver.line(/"online"/);
    assertEquals((await scene.inProcess(["pay", "alice", "2"], { as: "bob" })).code, 0);
    const { code, stdout, stderr } = await receiver.end();
    assertEquals([code, jsonLines(stdout).length, stderr, left()], [0, 2, "", []]);
  });
  await step(t, "a wallet that cannot be written is no failure", async () => {
    walletQuery(scene, "alice", "UPDATE receipt SET audited = 0");
    const file = join(scene.home("alice"), "wallet.db");
    await Deno.chmod(file, 0o400);
    const { code, stdout, stderr } = await scene.inProcess(["balance"]);
    await Deno.chmod(file, 0o600);
    assertEquals([code, stdout, stderr], [0, "9998\n", ""]);
  });
  assertEquals([evidenceOf(scene, "alice"), evidenceOf(scene, "bob")], [[], []]);
});

Deno.test("a ledger that was put back is caught by the next command, with evidence for others", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const pay = (...args: string[]) => scene.inProcess(["pay", "bob", ...args, "--via-server"]);
  assertEquals((await pay("1")).code, 0);
  assertEquals((await scene.ledgerInProcess("backup", scene.path("old.db"))).code, 0);
  assertEquals((await pay("2")).code, 0);
  // Bob holds no receipt, and has seen four entries.
  assertEquals((await scene.inProcess(["balance"], { as: "bob" })).code, 0);
  await goBackTo(scene, scene.path("old.db"));

  await step(t, "list prints its result, and then what was found", async () => {
    const { code, stdout, stderr } = await scene.inProcess(["list"]);
    assertEquals([code, stdout], [5, "Account balance: 9999\nNumber online: 0\n"]);
    assertMatch(
      stderr,
      /^The ledger was rewritten: entry 4 is the first that is changed or gone$/m,
    );
    const [file] = evidenceOf(scene, "alice");
    assert(stderr.includes(`The evidence is in ${file}; anybody checks it with: `), stderr);
    assertMatch(stderr, /^Tell the other members, and compare what this prints .* audit/m);
  });
  const [file = "none"] = evidenceOf(scene, "alice");
  const text = await Deno.readTextFile(file);
  await step(t, "the evidence is its owner's alone, and anybody can check it", async () => {
    assertEquals(await modeOf(file), 0o600);
    const said = await scene.verifyInProcess("--evidence", file);
    assertEquals([said.code, said.stderr], [0, ""]);
    assertMatch(said.stdout, /^The server signed a ledger of 4 rows; asked later to prove/);
    const { valid, restsOn } = json(
      (await scene.verifyInProcess("--evidence", file, "--json")).stdout,
    );
    assertEquals([valid, restsOn], [true, "signatures"]);
  });
  await step(
    t,
    "a script reads the payment and what was found, and the evidence stays",
    async () => {
      const { code, stdout } = await pay("7", "--json");
      const [paid, found] = jsonLines(stdout);
      assertEquals([code, paid!.code, found!.code, found!.rewrittenAt], [5, 130, 400, 4]);
      // It is the same failure as before.
      assertEquals([found!.evidence, evidenceOf(scene, "alice")], [file, [file]]);
      assertEquals(await Deno.readTextFile(file), text);
    },
  );
  await step(t, "a changed file proves nothing, nor does one for another CA", async () => {
    const changed = scene.path("changed.json");
    await Deno.writeTextFile(changed, text.replace("\\n4\\n", "\\n5\\n"));
    const said = await scene.verifyInProcess("--evidence", changed);
    assertEquals(said.code, 1);
    assertMatch(said.stdout, /: not valid: .*the server did not sign it/);
    await scene.gencert("--out", scene.path("others"));
    const ca = scene.path("others", "CA.pem");
    const other = await scene.runInProcess(["verify", "--evidence", file, "--ca", ca]);
    assertEquals(other.code, 1);
    assertMatch(other.stdout, /: not valid: read the evidence: it is of the ledger /);
  });
  await step(t, "receive says it, takes its payment all the same, and ends with 5", async () => {
    const receiver = scene.startClientInProcess(["receive", "--count", "1"], { as: "bob" });
    await receiver.errorLine(/^The ledger was rewritten: /);
    await receiver.errorLine(/^Online, taking payments/);
    const { code } = await scene.inProcess(["pay", "bob", "3"]);
    const { code: ended, stdout } = await receiver.end();
    assertEquals([code, ended], [5, 5]);
    assertMatch(stdout, /just sent you \$3!/);
  });
  await step(t, "without a terminal, a member has to say --yes to accept the ledger", async () => {
    const { code, stdout, stderr } = await scene.inProcess(["audit", "--accept"]);
    assertEquals(code, 2);
    assertMatch(stdout, /^The ledger of your last good audit:\nmicropay:ledger:\w+\n4\n/);
    assertMatch(stdout, /\nGiven up: entry 4, alice paid bob 2, id /);
    assertMatch(stderr, /audit --accept: give --yes too, there is nobody to ask/);
    assertEquals((await scene.inProcess(["audit"])).code, 5);
    assertEquals((await scene.inProcess(["audit", "--yes"])).code, 2);
  });
  await step(t, "a member who accepts the ledger as it is begins anew", async () => {
    const accepting = await scene.inProcess(["audit", "--accept", "--yes", "--json"]);
    const { accepted, earlier, givenUp, evidence } = json(accepting.stdout);
    assertEquals([accepting.code, evidence], [0, file]);
    assertMatch(String(earlier), /\n4\n/);
    assertMatch(String(accepted), /\n5\n/);
    assertEquals((givenUp as { amount: number }[]).map(({ amount }) => amount), [2]);
    const { code, stderr } = await pay("1");
    assertEquals([code, stderr], [0, ""]);
    // A ledger in order is accepted, too, and without evidence.
    const again = await scene.inProcess(["audit", "--accept", "--yes"]);
    assertEquals([again.code, again.stderr], [0, ""]);
    assertMatch(again.stdout, /\nAccepted: /);
    assertMatch((await scene.inProcess(["audit"])).stdout, /All correct: /);
    assertEquals(await Deno.readTextFile(file), text);
    // The receipt stays, and the server can prove it as little as before.
    const givenUpId = String((givenUp as { id: string }[])[0]!.id);
    assertEquals((await scene.inProcess(["receipt", givenUpId])).code, 0);
    assertEquals((await scene.inProcess(["receipt", givenUpId, "--proof"])).code, 5);
  });
  await step(t, "a peer that has not accepted it shows an old checkpoint in vain", async () => {
    const receiver = scene.startClientInProcess(["receive", "--count", "1"], { as: "bob" });
    await receiver.errorLine(/^Online, taking payments/);
    const { code, stderr } = await scene.inProcess(["pay", "bob", "1"]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals((await receiver.end()).code, 5);
  });
  await step(t, "the menu says it after the login", async () => {
    const menu = scene.startClient([], { as: "bob", stdin: "piped" });
    await menu.type("2", "bob", "0");
    await menu.errorLine(/^The ledger was rewritten: /);
    await menu.type("5");
    assertEquals((await menu.end()).code, 0);
  });
});

testWith(
  ["tmux"],
  "in a terminal audit --accept shows what it gives up, and accepts nothing before a yes",
  async () => {
    await using scene = await openSceneInProcess(["alice", "bob"]);
    assertEquals((await scene.ledgerInProcess("backup", scene.path("old.db"))).code, 0);
    assertEquals((await scene.inProcess(["pay", "bob", "2", "--via-server"])).code, 0);
    await goBackTo(scene, scene.path("old.db"));
    for (const answer of ["no", "y"]) {
      await using terminal = await openAccepting(scene, `tmux-${answer}`);
      await terminal.shows(
        /\nGiven up: entry 3, alice paid bob 2, id [^]*\nAccept the ledger as it is now\? \[y\/N\]/,
      );
      await terminal.type(answer);
      const isYes = answer === "y";
      await terminal.shows(
        isYes ? "Accepted: audits begin with the ledger as it is now." : "not confirmed",
      );
      await terminal.shows(`ended with ${isYes ? 0 : 2}`);
      assertEquals((await scene.inProcess(["audit"])).code, isYes ? 0 : 5);
    }
  },
);

/**
 * Opens a terminal in which Alice accepts the ledger.
 *
 * @param socket a file name that no other terminal has
 */
async function openAccepting(scene: Scene, socket: string): Promise<Terminal> {
  const server = ["127.0.0.1", String(scene.server.port)];
  const client = [...programCommand(), "client", ...server, "audit", "--accept"];
  return await Terminal.open(scene.path(socket), {
    command: `${client.map(quote).join(" ")}; echo "ended with $?"; cat`,
    folder: scene.folder,
    env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice") },
    columns: 200,
    rows: 50,
  });
}

Deno.test("verify checks evidence or receipts, and not both at once", async () => {
  await using scene = await openSceneInProcess([]);
  const both = await scene.verifyInProcess("receipt.json", "--evidence", "evidence.json");
  assertEquals([both.code, both.stdout], [2, ""]);
  assertMatch(both.stderr, /verify --evidence: receipts are checked apart; leave them out/);
  const none = await scene.verifyInProcess("--evidence", scene.path("none.json"));
  assertEquals([none.code, none.stdout], [1, ""]);
  assertMatch(none.stderr, /read the evidence .*none\.json: there is no such file/);
});
