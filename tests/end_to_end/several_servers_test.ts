/**
 * Clients that know several servers of one ledger. The servers run in the test's own process.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeMicropayUri } from "../../src/protocol/micropay_uri.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { keepOpen } from "../server/kept_ledger.ts";
import { makeAuthority, startServer, type TestServer } from "../server/test_server.ts";
import { Command } from "./command.ts";
import { json } from "./driver.ts";
import { type Ended } from "./program.ts";

/** Two servers on one ledger, and the clients of some people. */
class Scene implements AsyncDisposable {
  readonly servers: readonly [TestServer, TestServer];
  readonly #folder = Deno.makeTempDirSync();

  constructor(servers: readonly [TestServer, TestServer]) {
    this.servers = servers;
  }

  static async open(): Promise<Scene> {
    const authority = makeAuthority();
    const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
    const start = () => startServer({ authority, ledger });
    return new Scene([await start(), await start()]);
  }

  get fingerprint(): string {
    return this.servers[0].anchor.fingerprint;
  }

  /** The join line of both servers. */
  get uri(): string {
    const servers = this.servers.map(({ endpoint }) => endpoint);
    return writeMicropayUri({ kind: "join", servers, fingerprint: this.fingerprint });
  }

  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** Starts a command of somebody's client, with these words after `client`. */
  start(as: string, ...words: readonly string[]): Command {
    return new Command(["client", ...words], {
      env: { MICROPAY_HOME: this.path(as), MICROPAY_PAY_YES: "1" },
    });
  }

  /** Runs a command that succeeds. */
  async run(as: string, ...words: readonly string[]): Promise<Ended> {
    const ended = await this.start(as, ...words).end();
    assertEquals(ended.code, 0, `${words}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  async join(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.run(name, "join", this.uri, "--as", name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function addressesOf(servers: readonly TestServer[]): string {
  return servers.map(({ endpoint: { host, port } }) => `${host}:${port}`).join(",");
}

Deno.test("the wallet keeps the servers of a join line, and every command uses one that answers", async () => {
  await using scene = await Scene.open();
  const { servers } = scene;
  await scene.join("alice", "bob");
  const addresses = addressesOf(servers);
  const { stdout } = await scene.run("alice", "ledgers");
  assertStringIncludes(stdout, `127.0.0.1  alice  ${addresses}  `);
  const listed = json((await scene.run("alice", "ledgers", "--json")).stdout);
  assertEquals(listed.servers, addresses.split(","));
  assertEquals([listed.host, listed.port], ["127.0.0.1", servers[0].endpoint.port]);
  const asked = json((await scene.run("bob", "request", "7", "--json")).stdout);
  assertStringIncludes(String(asked.uri), `&server=${addressesOf([servers[1]])}&`);
  await servers[0].server.stop();
  await scene.run("alice", "ledgers", "rename", "127.0.0.1", "class");
  assertEquals((await scene.run("alice", "--ledger", "class", "balance")).stdout, "10000\n");
  assertMatch((await scene.run("alice", "pay", String(asked.uri))).stdout, /^transfer OK\n/);
  assertMatch((await scene.run("alice", "audit")).stdout, /\nAll correct/);
  assertEquals(
    (await scene.run("alice", "history", "--json")).stdout.match(/"amount":7/g)?.length,
    1,
  );
});

Deno.test("receive goes on at another server when its own stops, and prints each payment once", async () => {
  await using scene = await Scene.open();
  const { fingerprint, servers: [one, two] } = scene;
  const place = [addressesOf([one, two]), "1"];
  const act = (as: string, ...words: readonly string[]) => scene.run(as, ...place, ...words);
  await act("alice", "register", "alice", "--fingerprint", fingerprint);
  await act("bob", "register", "bob", "--fingerprint", fingerprint);
  const bob = scene.start("bob", ...place, "receive", "--json", "--count", "2");
  await bob.line(/^\{"event":"online"/);
  await act("alice", "pay", "bob", "5");
  await bob.line(/"amount":5,/);
  const isAt = (server: typeof one) => server.events.all.some(({ kind }) => kind === "online");
  assertEquals([isAt(one), isAt(two)].filter(Boolean).length, 1);
  await (isAt(one) ? one : two).server.stop();
  await bob.line(/^\{"event":"online"/);
  await act("alice", "pay", "bob", "7");
  const { code, stdout } = await bob.end();
  assertEquals(code, 0);
  const amounts = [...stdout.matchAll(/"event":"payment".*?"amount":(\d+)/g)].map(([, it]) => it);
  assertEquals(amounts, ["5", "7"]);
  await one.server.stop();
  await two.server.stop();
  const { code: away, stderr } = await scene.start("alice", ...place, "balance").end();
  assertEquals(away, 1);
  assertMatch(
    stderr,
    /connect to one of 2 servers: 127\.0\.0\.1:\d+ \(.+\); 127\.0\.0\.1:\d+ \(/,
  );
});

Deno.test("register goes to the next server where one registers nobody, and says so when none does", async () => {
  const authority = makeAuthority();
  const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
  await using one = await startServer({ authority, ledger, registering: false });
  await using two = await startServer({ authority, ledger });
  await using three = await startServer({ authority, ledger, registering: false });
  const folder = await Deno.makeTempDir();
  const { fingerprint } = authority.anchor;
  const register = (name: string, servers: readonly TestServer[]) =>
    new Command(["client", addressesOf(servers), "1", "register", name], {
      env: { MICROPAY_HOME: `${folder}/${name}`, MICROPAY_FINGERPRINT: fingerprint },
    }).end();
  try {
    // The client begins at a random server.
    for (const name of ["alice", "bob", "carol"]) {
      const { code, stdout, stderr } = await register(name, [one, two, three]);
      assertEquals([code, stdout], [0, "100 OK\n"], stderr);
    }
    const { code, stdout } = await register("dave", [one, three]);
    assertEquals(code, 5);
    assertMatch(stdout, /^219 FAIL: this server registers no members; register at another server/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a witness visits each server of its list, and says once when one of them is away", async () => {
  await using scene = await Scene.open();
  const { servers } = scene;
  await scene.join("alice");
  const words = ["--every", "1s", "--ca", scene.path("CA.pem"), "--out", scene.path("witness")];
  await Deno.writeTextFile(scene.path("CA.pem"), servers[0].anchor.pem);
  const env = { MICROPAY_HOME: scene.path("carol") };
  const witness = new Command(
    ["witness", addressesOf(servers), "1", ...words, "--count", "4"],
    { env },
  );
  for (const server of servers) {
    await witness.line(new RegExp(`  1 rows  .*  cosigned  ${addressesOf([server])}$`));
  }
  await servers[0].server.stop();
  await witness.errorLine(
    new RegExp(`no micropay server answered at ${addressesOf([servers[0]])}`),
  );
  const { code, stderr } = await witness.end();
  assertEquals([code, stderr.match(/no micropay server/g)?.length], [0, 1]);
});
