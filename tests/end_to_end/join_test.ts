/**
 * Joining a ledger by one line, and using it afterwards without an address.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { runCommand } from "./command.ts";
import { json, openScene, type Scene } from "./driver.ts";
import { programCommand, runtimeEnvironment } from "./program.ts";
import { quote, Terminal } from "./terminal.ts";

/** Runs a command of somebody's client without an address, within this process. */
function client(scene: Scene, as: string, ...args: readonly string[]) {
  return runCommand(["client", ...args], { env: { MICROPAY_HOME: scene.home(as) } });
}

/** Returns the URI that the server of the scene printed. */
function printedUri({ server }: Scene): string {
  const line = server.program.stdout.lines.find((one) => one.startsWith("Members join with"));
  return /'(.*)'$/.exec(line!)![1]!;
}

async function openToJoin(): Promise<{ scene: Scene; uri: string }> {
  const scene = await openScene();
  await scene.startServerInProcess({ args: ["20", "--silent", "--host", "127.0.0.1"] });
  return { scene, uri: printedUri(scene) };
}

Deno.test("two people join by the printed line, and pay without an address", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  const hosts = { alice: "127.0.0.1", bob: "localhost" };
  const joined = await Promise.all(
    Object.entries(hosts).map(([name, host]) =>
      scene.run(["client", "join", uri.replace("127.0.0.1", host), "--as", name], {
        env: { MICROPAY_HOME: scene.home(name) },
      })
    ),
  );
  assertEquals(
    joined.map(({ code, stdout, stderr }) => [code, stdout, stderr]),
    Object.entries(hosts).map(([name, host]) => [
      0,
      "100 OK\n",
      `joined ${host}\nregistered as ${name}, balance 10000. ` +
      `Next: micropay client --home ${scene.home(name)}\n`,
    ]),
  );
  const paid = await client(scene, "alice", "pay", "bob", "5", "--via-server");
  assertMatch(paid.stdout, /^transfer OK\n/);
  assertEquals((await client(scene, "bob", "balance")).stdout, "10005\n");
  // What needs no server needs no address either.
  await scene.server.stop();
  assertEquals((await client(scene, "alice", "limit", "--per-day", "9")).code, 0);
  assertEquals((await client(scene, "alice", "receipts", "--out", scene.path("out"))).code, 0);
});

Deno.test("joining again changes nothing but the address and the account", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  await client(scene, "alice", "join", uri, "--as", "alice");
  await client(scene, "alice", "ledgers", "rename", "127.0.0.1", "class");
  const again = await client(scene, "alice", "join", uri, "--as", "alice", "--json");
  const name = "class";
  assertEquals(json(again.stdout), {
    ...{ code: 100, text: "OK", account: "alice", balance: 10000, existed: true, name },
  });
  await scene.server.stop();
  await scene.startServerInProcess({ args: ["20", "--silent", "--host", "127.0.0.1"] });
  assertEquals((await client(scene, "alice", "balance")).code, 1);
  await client(scene, "alice", "join", printedUri(scene), "--as", "alba");
  const known = json((await client(scene, "alice", "ledgers", "--json")).stdout);
  const { account, port } = known;
  assertEquals({ name: known.name, account, port }, {
    ...{ name: "class", account: "alba", port: scene.server.port },
  });
  // The account that joined is meant, although there are two here.
  assertEquals((await client(scene, "alice", "balance")).stdout, "10000\n");
});

Deno.test("a person chooses among joined ledgers, renames and forgets them", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  const other = await openToJoin();
  await using __ = other.scene;
  await client(scene, "alice", "join", uri, "--as", "alice");
  await client(scene, "alice", "join", other.uri, "--as", "ally");
  const names = async () => {
    const { stdout } = await client(scene, "alice", "ledgers", "--json");
    return stdout.trim().split("\n").filter(Boolean).map((line) => json(line).name);
  };
  assertEquals(await names(), ["127.0.0.1-2", "127.0.0.1"]);
  assertEquals((await client(scene, "alice", "ledgers", "rename", "127.0.0.1", "home")).code, 0);
  const taken = await client(scene, "alice", "ledgers", "rename", "home", "127.0.0.1-2");
  assertEquals([taken.code, taken.stdout], [2, ""]);
  const register = await client(
    scene,
    "alice",
    "--ledger",
    "home",
    "pay",
    "ally",
    "5",
    "--via-server",
  );
  assertEquals(register.stdout, "transfer FAIL: there is no such account\n");
  const unknown = await client(scene, "alice", "--ledger", "class", "balance");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.stderr, "only 127.0.0.1-2, home");
  const both = ["127.0.0.1", String(scene.server.port), "--ledger", "home", "balance"];
  assertEquals((await client(scene, "alice", ...both)).code, 2);

  // The address of one ledger in the line of another means that somebody is in between.
  const [address, fingerprint] = [uri.split("?")[0]!, other.uri.split("?")[1]!];
  const wrong = await client(scene, "alice", "join", `${address}?${fingerprint}`, "--as", "alice");
  assertEquals(wrong.code, 4);
  assertStringIncludes(wrong.stderr, "micropay client ledgers forget home forgets the old one");

  const forgotten = await client(scene, "alice", "ledgers", "forget", "127.0.0.1-2");
  assertEquals([forgotten.code, forgotten.stdout], [0, "127.0.0.1-2 is forgotten\n"]);
  assertStringIncludes(forgotten.stderr, "its identities stay in");
  assertEquals(await names(), ["home"]);
  assertEquals((await client(scene, "alice", "balance")).stdout, "10000\n");
  assertEquals((await client(scene, "alice", "ledgers", "forget", "x")).code, 2);
  const rejoined = await client(scene, "alice", "join", other.uri, "--as", "ally", "--json");
  assertEquals(json(rejoined.stdout).existed, true);
});

Deno.test("without a terminal, joining needs a name, and a client needs a joined ledger", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  const nameless = await client(scene, "alice", "join", uri);
  assertEquals([nameless.code, nameless.stdout], [2, ""]);
  assertStringIncludes(nameless.stderr, "--as");
  const ledgerless = await client(scene, "alice", "pay", "bob", "5");
  assertEquals([ledgerless.code, ledgerless.stdout], [2, ""]);
  assertStringIncludes(ledgerless.stderr, "micropay client join URI");
});

Deno.test("join - reads the line from the standard input, so that ps does not show a token", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  const joinFrom = (input: string, ...args: readonly string[]) =>
    runCommand(["client", "join", "-", ...args], {
      env: { MICROPAY_HOME: scene.home("alice") },
      input,
    });
  const token = "AAECAwQFBgcICQoLDA0ODw";
  const wrong = await joinFrom(`${uri}&tokens=${token}\n`, "--as", "alice");
  assertEquals([wrong.code, wrong.stderr.includes(token)], [2, false]);
  assertStringIncludes(wrong.stderr, 'nothing is known of "tokens"');
  const nothing = await joinFrom("", "--as", "alice");
  assertEquals(nothing.code, 2);
  assertStringIncludes(nothing.stderr, "a join line is micropay://HOST:PORT/?ca=FINGERPRINT");
  assertEquals((await joinFrom(`${uri}\n`, "--as", "alice")).stdout, "100 OK\n");
  assertEquals((await client(scene, "alice", "balance")).stdout, "10000\n");
});

Deno.test("a join line with the wrong CA is refused before anything is pinned", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  const wrong = uri.replace(/.{4}$/, "0000");
  const { code, stderr } = await client(scene, "alice", "join", wrong, "--as", "alice");
  assertEquals(code, 4);
  assertStringIncludes(stderr, "as the join line says");
  assertEquals((await client(scene, "alice", "join", uri, "--as", "alice")).code, 0);
});

Deno.test("with --join invite, people join by the lines of ledger invite, made beside the server", async () => {
  await using scene = await openScene();
  await scene.startServerInProcess({ args: ["20", "--silent", "--join", "invite"] });
  const place = ["--host", "127.0.0.1", "--port", String(scene.server.port)];
  const invite = async (...args: readonly string[]) => {
    const { code, stdout } = await scene.ledgerInProcess("invite", ...place, ...args, "--json");
    assertEquals(code, 0);
    return json(stdout);
  };
  const join = async (uri: unknown, name: string) => {
    const args = ["client", "join", String(uri), "--as", name];
    const { code, stdout } = await runCommand(args, { env: { MICROPAY_HOME: scene.home(name) } });
    return [code, stdout.trim()];
  };
  const plain = await scene.ledgerInProcess("join-line", ...place);
  assertMatch(plain.stdout, /^micropay:\/\/127\.0\.0\.1:\d+\/\?ca=[0-9a-f]{64}\n$/);
  assertMatch(String((await join(plain.stdout.trim(), "alice"))[1]), /^213 FAIL: .* only invited/);
  const { uri } = await invite("--balance", "7");
  assertEquals(await join(uri, "alice"), [0, "100 OK"]);
  assertEquals((await client(scene, "alice", "balance")).stdout, "7\n");
  assertMatch(String(await join(uri, "bob")), /^5,215 FAIL: the invitation was used already/);
  assertEquals(await join(uri, "alice"), [0, "100 OK"]);
  const other = await invite("--name", "carol");
  assertMatch(String(await join(other.uri, "bob")), /^5,218 FAIL/);
  const revoked = await scene.ledgerInProcess("invitations", "revoke", String(other.invitation));
  assertEquals(revoked.code, 0);
  assertMatch(String(await join(other.uri, "carol")), /^5,217 FAIL/);
  const taken = await scene.ledgerInProcess("invite", ...place, "--name", "alice");
  assertEquals(taken.code, 2);
  assertStringIncludes(taken.stderr, "invite alice: the account alice exists already");
  const { stdout } = await scene.ledgerInProcess("invitations");
  assertMatch(
    stdout,
    /^invitation 1, used 1 of 1, balance 7, valid until .*\n.*for carol, revoked\n$/,
  );
  // A copy of the ledger knows them too.
  const copy = scene.path("copy.db");
  await scene.ledgerInProcess("backup", copy);
  assertEquals((await scene.ledgerInProcess("invitations", "--db", copy)).stdout, stdout);
});

testWith(["tmux"], "in a terminal, joining asks for the name until it is one", async () => {
  const { scene, uri } = await openToJoin();
  await using _ = scene;
  const command = [...programCommand(), "client", "join", uri].map(quote).join(" ");
  await using terminal = await Terminal.open(scene.path("tmux"), {
    command: `${command}; cat`,
    folder: scene.folder,
    env: { ...runtimeEnvironment(), MICROPAY_HOME: scene.home("alice") },
    columns: 200,
    rows: 50,
  });
  await terminal.shows("Which name do you want on this ledger?");
  await terminal.type("alice smith");
  await terminal.shows("a name is 1 to 32 of");
  await terminal.type("alice");
  await terminal.shows("100 OK");
});
