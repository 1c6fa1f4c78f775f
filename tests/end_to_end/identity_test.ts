/**
 * A key with a passphrase, from the command line and in a real terminal.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Encrypter } from "age-encryption";
import { SqliteWalletStore } from "../../src/client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import { accountNames } from "../../src/client/wallet/identity_store.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { systemClock } from "../../src/clock.ts";
import { unusedConnectionMsMax } from "../../src/limits.ts";
import { systemRandom } from "../../src/random.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { readTrustAnchorPem } from "../../src/pki/trust_anchor.ts";
import { takeFileLock } from "../../src/sqlite/file_lock.ts";
import { testWith } from "../installed_tool.ts";
import { openSceneInProcess, type Scene } from "./driver.ts";
import { runCommand } from "./command.ts";
import { type Ended, isExecutable, programCommand, runtimeEnvironment } from "./program.ts";
import { quote, Terminal } from "./terminal.ts";

Deno.test("a key with a passphrase pays with it, and without it ends with exit 4 and one line", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  await Deno.writeTextFile(scene.path("right"), "correct horse\n");
  await Deno.writeTextFile(scene.path("wrong"), "battery staple\n");
  const set = await identityProcess(scene, ["passphrase", "--json"], {
    MICROPAY_NEW_PASSPHRASE_FILE: scene.path("right"),
  });
  assertEquals(set.code, 0, set.stderr);
  const { passphrase, account } = JSON.parse(set.stdout);
  assertEquals([account, passphrase], ["alice", true]);

  const order = ["pay", "bob", "5", "--via-server", "--json"];
  const envOf = (file: string) => ({ env: { MICROPAY_PASSPHRASE_FILE: scene.path(file) } });
  const pay = (file?: string) => scene.inProcess(order, file === undefined ? {} : envOf(file));
  const paid = await scene.client(order, envOf("right"));
  assertEquals([paid.code, JSON.parse(paid.stdout).code], [0, 130], paid.stderr);
  const wrong = await pay("wrong");
  assertEquals([wrong.code, wrong.stdout], [4, ""]);
  const { error, text } = JSON.parse(wrong.stderr);
  assertEquals(error, "passphrase");
  assertStringIncludes(text, "key.pem: the passphrase is wrong; a lost passphrase cannot be");
  assertStringIncludes(text, "micropay ledger reissue alice");
  const none = await pay();
  assertEquals(none.code, 4);
  assertStringIncludes(JSON.parse(none.stderr).text, "--passphrase-file");
  assertEquals(scene.payments(), 1);

  const removed = await identity(scene, ["passphrase", "--remove"], {
    MICROPAY_PASSPHRASE_FILE: scene.path("right"),
  });
  assertEquals(removed.stdout, "the key of alice has no passphrase now\n", removed.stderr);
  assertEquals((await pay()).code, 0);
});

Deno.test("somebody who takes long to type a passphrase gets a new connection", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  await Deno.writeTextFile(scene.path("secret"), "correct horse\n");
  const env = { MICROPAY_NEW_PASSPHRASE_FILE: scene.path("secret") };
  assertEquals((await identity(scene, ["passphrase"], env)).code, 0);
  const path = scene.path("certs", "CA.pem");
  const folder = new DataFolder(scene.home("alice"));
  let [typedForMs, connections] = [0, 0];
  const wallet = new Wallet({
    servers: [{ host: "127.0.0.1", port: scene.server.port }],
    folder,
    trust: { ca: { pem: await Deno.readTextFile(path), path } },
    timeoutMs: 60_000,
    askPassphrase: () => {
      typedForMs = unusedConnectionMsMax + 1;
      return Promise.resolve("correct horse");
    },
  }, {
    network: {
      ...tcpNetwork,
      connect: (...args) => {
        connections++;
        return tcpNetwork.connect(...args);
      },
    },
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + typedForMs },
    random: systemRandom,
    makeSessionKey: () => Promise.resolve(sessionKeys.alice),
    store: new SqliteWalletStore(folder.walletFile()),
  });
  const [name] = await accountNames(folder, (await caOf(scene)).fingerprint);
  const member = await wallet.member(await wallet.connect(), name!);
  assertEquals((await member.balance()).outcome, "answered");
  assertEquals(connections, 2);
  await member.abandon();
  wallet.close();
});

Deno.test("identities are listed and shown without a server, for people and for scripts", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  await scene.inProcess(["register", "anna"]);
  await scene.server.stop();
  const listed = await identity(scene, ["list", "--json"]);
  const rows = listed.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(rows.map(({ account, passphrase }) => [account, passphrase]), [
    ["alice", false],
    ["anna", false],
  ]);
  const several = await identity(scene, ["show"]);
  assertEquals(several.code, 2);
  assertStringIncludes(several.stderr, "name one with --as: alice, anna");
  const shown = await identity(scene, ["show", "--as", "anna", "--json"]);
  const { account, ledger, receipts, orders } = JSON.parse(shown.stdout);
  assertEquals([account, ledger, receipts, orders], ["anna", rows[0].ledger, 0, 0]);
  const none = await identity(scene, ["show", "--as", "zoe"]);
  assertEquals(none.code, 4);
  assertStringIncludes(none.stderr, "has no account zoe");
});

for (const isPlain of [false, true]) {
  const how = isPlain ? "without encryption" : "encrypted";
  Deno.test(`an account that was exported ${how} pays on another machine`, async () => {
    await using scene = await openSceneInProcess(["bob"]);
    await Deno.writeTextFile(scene.path("secret"), "correct horse\n");
    // A fingerprint pins the ledger, and the export has the pin.
    const port = String(scene.server.port);
    const { fingerprint } = await caOf(scene);
    const joined = await scene.inProcess(["register", "alice", "--fingerprint", fingerprint]);
    assertEquals(joined.code, 0, joined.stderr);
    assertEquals((await scene.inProcess(["pay", "bob", "5", "--via-server"])).code, 0);
    const env = { MICROPAY_PASSPHRASE_FILE: scene.path("secret") };
    const file = scene.path("alice.export");
    const plain = isPlain ? ["--plain"] : [];
    // Encryption loads code, which a process has to be permitted to do.
    const move = isPlain ? identity : identityProcess;
    const exported = await move(scene, ["export", file, ...plain, "--json"], env);
    assertEquals(exported.code, 0, exported.stderr);
    const { encrypted, receipts } = JSON.parse(exported.stdout);
    assertEquals([encrypted, receipts], [!isPlain, 1]);
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);

    // Nothing of the first machine is left but the file.
    await Deno.remove(scene.home("alice"), { recursive: true });
    const imported = await move(scene, ["import", file, "--json"], env);
    assertEquals(imported.code, 0, imported.stderr);
    assertEquals(JSON.parse(imported.stdout).servers, [`127.0.0.1:${port}`]);
    // A process in a folder without the CA has the pin alone.
    const elsewhere = { folder: scene.path("elsewhere") };
    await Deno.mkdir(elsewhere.folder);
    const paid = await scene.client(["pay", "bob", "6", "--via-server", "--json"], elsewhere);
    assertEquals([paid.code, JSON.parse(paid.stdout).code], [0, 130], paid.stderr);
    const audit = await scene.inProcess(["audit", "--json"]);
    assertEquals([audit.code, JSON.parse(audit.stdout).receipts], [0, 2], audit.stderr);

    assertEquals((await identity(scene, ["export", file], env)).code, 1);
    // Decryption takes a second of a processor, and is shown already.
    if (!isPlain) return;
    const again = await identity(scene, ["import", file], env);
    assertEquals(again.code, 1);
    assertStringIncludes(again.stderr, "nothing is overwritten");
  });
}

Deno.test("an export ends with 4 for a wrong passphrase, and with 1 for a file that is none", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  await Deno.writeTextFile(scene.path("right"), "correct horse\n");
  await Deno.writeTextFile(scene.path("wrong"), "battery staple\n");
  await Deno.writeTextFile(scene.path("short"), "short\n");
  const file = scene.path("alice.age");
  const run = (words: readonly string[], secret: string) =>
    identity(scene, words, { MICROPAY_PASSPHRASE_FILE: scene.path(secret) });
  assertEquals((await run(["export", file], "short")).code, 2);
  const encrypter = new Encrypter();
  encrypter.setPassphrase("correct horse");
  // The file says how much work its passphrase takes; exports ask for a second of a processor.
  encrypter.setScryptWorkFactor(2);
  await Deno.writeFile(file, await encrypter.encrypt("{}\n"));
  await Deno.remove(scene.home("alice"), { recursive: true });
  const wrong = await run(["import", file], "wrong");
  assertEquals([wrong.code, wrong.stdout, wrong.stderr.split("\n").length], [4, "", 2]);
  assertStringIncludes(wrong.stderr, "the passphrase is wrong");
  assertStringIncludes(wrong.stderr, "micropay ledger reissue");
  for (const [other, text] of [["right", "line 1: not a JSON object"], ["none", "os error 2"]]) {
    const { code, stderr } = await run(["import", scene.path(other!)], "right");
    assertEquals(code, 1);
    assertStringIncludes(stderr, text!);
  }
});

Deno.test("while another program holds the wallet, an import ends with a clear error", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  const file = scene.path("alice.jsonl");
  assertEquals((await scene.inProcess(["pay", "alice", "1"])).code, 5);
  assertEquals((await identity(scene, ["export", file, "--plain"])).code, 0);
  const { folder } = JSON.parse((await identity(scene, ["show", "--json"])).stdout);
  await Deno.remove(`${folder}/certificate.pem`);
  {
    using _lock = takeFileLock(`${folder}/.lock`, { mode: "exclusive", waitMs: 0 });
    const { code, stderr } = await identityProcess(scene, ["import", file]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "another process holds it; end that process, or try again later");
  }
  assertEquals((await identity(scene, ["import", file])).code, 0);
});

testWith(["age", "tmux"], "age opens an encrypted export, and gives lines for jq", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  await Deno.writeTextFile(scene.path("secret"), "correct horse\n");
  const file = scene.path("alice.age");
  const env = { MICROPAY_PASSPHRASE_FILE: scene.path("secret") };
  assertEquals((await identity(scene, ["export", file], env)).code, 0);
  await using terminal = await Terminal.open(scene.path("tmux"), {
    command: `sh -c ${quote(`age -d -o opened.jsonl alice.age; echo "ended with $?"; cat`)}`,
    folder: scene.folder,
    env: { PATH: Deno.env.get("PATH")! },
    columns: 100,
    rows: 20,
  });
  await terminal.shows("passphrase");
  await terminal.type("correct horse");
  await terminal.shows("ended with 0");
  const lines = (await Deno.readTextFile(scene.path("opened.jsonl"))).trimEnd().split("\n");
  assertEquals(JSON.parse(lines[0]!).account, "alice");
});

testWith(
  ["tmux"],
  "in a terminal a passphrase is typed twice and never shown, and opens the key once in the menu",
  async () => {
    await using scene = await openSceneInProcess(["alice"]);
    const client = ["client", "127.0.0.1", String(scene.server.port)];
    await using terminal = await openTerminal(scene, [
      ["client", "identity", "passphrase"],
      ["client", "identity", "passphrase"],
      [...client, "balance"],
      [...client, "--menu"],
    ]);
    await terminal.shows("New passphrase of the key of alice:");
    await terminal.type("correct horse");
    await terminal.shows("The same passphrase again:");
    await terminal.type("correct horsf");
    await terminal.shows("the two texts differ\n1 ended with 2");
    await terminal.type("next");
    await terminal.shows(/ended with 2[^]*New passphrase of the key of alice:/);
    await terminal.type("correct horse");
    await terminal.shows(/again:[^]*again:/);
    await terminal.press("x");
    await terminal.press("BSpace");
    await terminal.type("correct horse");
    await terminal.shows("2 ended with 0");
    await terminal.type("next");
    await terminal.shows(/\nPassphrase of the key of alice:/);
    await terminal.type("correct horse");
    await terminal.shows("10000\n3 ended with 0");
    await terminal.type("next");
    await terminal.shows("Your choice:");
    await terminal.type("2");
    await terminal.type("alice");
    await terminal.type("0");
    await terminal.shows(/Port for payments[^]*Passphrase of the key of alice:/);
    await terminal.type("battery staple");
    await terminal.shows("the passphrase is wrong");
    await terminal.type("2");
    await terminal.type("alice");
    await terminal.type("0");
    await terminal.shows(/wrong[^]*Passphrase of the key of alice:/);
    await terminal.type("correct horse");
    await terminal.shows("Account balance: 10000");
    await terminal.type("5");
    const screen = await terminal.shows("4 ended with 0");
    assert(!screen.includes("horse") && !screen.includes("staple"), screen);
  },
);

testWith(
  ["tmux"],
  "in a terminal Ctrl-C and Ctrl-D end the question for a passphrase, and typing shows again",
  async () => {
    await using scene = await openSceneInProcess(["alice"]);
    await using terminal = await openTerminal(scene, [
      ["client", "identity", "passphrase"],
      ["client", "identity", "passphrase"],
    ]);
    await terminal.shows("New passphrase of the key of alice:");
    await terminal.press("C-c");
    await terminal.shows("ask for the passphrase: it was interrupted\n1 ended with 1");
    await terminal.type("visible");
    await terminal.shows("visible");
    await terminal.shows(/visible[^]*New passphrase of the key of alice:/);
    await terminal.press("C-d");
    await terminal.shows("ask for the passphrase: none was typed\n2 ended with 4");
    await terminal.press("Q");
    await terminal.shows("ended with 4\nQ");
  },
);

/** Runs commands one after another, with a line to be typed after each. */
async function openTerminal(
  scene: Scene,
  commands: readonly (readonly string[])[],
): Promise<Terminal> {
  const lines = commands.map((words, at) =>
    `${[...programCommand(), ...words].map(quote).join(" ")}; echo "${
      at + 1
    } ended with $?"; read x`
  );
  return await Terminal.open(scene.path("tmux"), {
    command: `sh -c ${quote(["trap : INT", ...lines].join("; "))}`,
    folder: scene.folder,
    env: {
      ...runtimeEnvironment(),
      PATH: Deno.env.get("PATH")!,
      MICROPAY_HOME: scene.home("alice"),
    },
    columns: 200,
    rows: 50,
  });
}

async function caOf(scene: Scene) {
  const pem = await Deno.readTextFile(scene.path("certs", "CA.pem"));
  return readTrustAnchorPem(pem, { atMs: Date.now() });
}

/** Runs `client identity` with the home of alice, and without a terminal. */
function identity(
  scene: Scene,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const args = ["client", "identity", ...words];
  const options = { env: { MICROPAY_HOME: scene.home("alice"), ...env } };
  return isExecutable ? scene.run(args, options) : runCommand(args, options);
}

/** Does the same as {@link identity} in a process of its own. */
function identityProcess(
  scene: Scene,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return scene.run(["client", "identity", ...words], {
    env: { MICROPAY_HOME: scene.home("alice"), ...env },
  });
}
