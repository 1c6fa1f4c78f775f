/**
 * Clients that know several servers of one ledger. The servers run in the test's own process.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeMicropayUri } from "../../src/protocol/micropay_uri.ts";
import type { DecisionListener, Ledger } from "../../src/ledger/ledger.ts";
import type { ByteStream, Endpoint, Listener, Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { keepOpen } from "../server/kept_ledger.ts";
import {
  makeAuthority,
  named,
  serverIdentity,
  startServer,
  type TestServer,
} from "../server/test_server.ts";
import { Command } from "./command.ts";
import { json } from "./driver.ts";
import { type Ended } from "./program.ts";

interface Loss {
  /** What a ledger does before its server is lost. */
  after?: keyof Ledger;
}

/** Two servers on one ledger, and the clients of some people. */
class Scene implements AsyncDisposable {
  readonly servers: readonly [TestServer, TestServer];
  readonly ledger: Ledger;
  readonly #folder = Deno.makeTempDirSync();
  readonly #loss: Loss;

  constructor(servers: readonly [TestServer, TestServer], ledger: Ledger, loss: Loss) {
    this.servers = servers;
    this.ledger = ledger;
    this.#loss = loss;
  }

  static async open(): Promise<Scene> {
    const authority = makeAuthority();
    const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
    const loss: Loss = {};
    const start = () => {
      const network = new LosableNetwork();
      const wrap = (ledger: Ledger) =>
        losingAfter(ledger, (done) => {
          if (done !== loss.after) return;
          delete loss.after;
          network.lose();
        });
      const identity = serverIdentity(authority);
      return startServer({ authority, identity, ledger, network, wrap });
    };
    return new Scene([await start(), await start()], ledger, loss);
  }

  /** Loses the next server whose ledger has done this, before anybody hears of it. */
  loseNextServerAfter(done: keyof Ledger): void {
    this.#loss.after = done;
  }

  /** Whether a server was lost since then. */
  get hasLostServer(): boolean {
    return this.#loss.after === undefined;
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

/** A server's network that can be lost: all connections are closed, and new ones end at once. */
class LosableNetwork implements Network {
  readonly #accepted: ByteStream[] = [];
  #isLost = false;

  listen(endpoint: Endpoint): Listener {
    const listener = tcpNetwork.listen(endpoint);
    return {
      endpoint: listener.endpoint,
      accept: async () => {
        for (;;) {
          const stream = await listener.accept();
          if (!stream || !this.#isLost) {
            if (stream) this.#accepted.push(stream);
            return stream;
          }
          stream.close();
        }
      },
      close: () => listener.close(),
    };
  }

  connect(...args: Parameters<Network["connect"]>): Promise<ByteStream> {
    return tcpNetwork.connect(...args);
  }

  lose(): void {
    this.#isLost = true;
    for (const stream of this.#accepted) stream.close();
  }
}

/** Calls `onDone` with the name of each method that the ledger has done. */
function losingAfter(ledger: Ledger, onDone: (name: string) => void): Ledger {
  return new Proxy(ledger, {
    get(target, key) {
      const value = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const result = value.apply(target, args);
        if (result instanceof Promise) result.then(() => onDone(String(key)), () => {});
        return result;
      };
    },
  });
}

function addressesOf(servers: readonly TestServer[]): string {
  return servers.map(({ endpoint: { host, port } }) => `${host}:${port}`).join(",");
}

/** Returns the words that name one server. */
function placeOf({ endpoint: { host, port } }: TestServer): string[] {
  return [host, String(port)];
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

Deno.test("receive prints each payment once, and misses none, at a server that is told late what another one decided", async () => {
  const late = Promise.withResolvers<void>();
  const authority = makeAuthority();
  const ledger = keepOpen(new MemoryLedger({ ledgerId: authority.anchor.fingerprint }));
  const wrap = (ledger: Ledger) =>
    new Proxy(ledger, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (key !== "follow") return typeof value === "function" ? value.bind(target) : value;
        return (listener: DecisionListener) =>
          target.follow(async (decisions) => {
            await late.promise;
            await listener(decisions);
          });
      },
    });
  const one = await startServer({ authority, ledger });
  const two = await startServer({ authority, ledger, wrap });
  await using scene = new Scene([one, two], ledger, {});
  await scene.join("alice", "bob");
  const pay = (amount: string) =>
    scene.run("alice", ...placeOf(one), "pay", "bob", amount, "--via-server");
  await pay("5");
  // The entries 1 and 2 open the accounts.
  const words = ["receive", "--json", "--since", "2", "--count", "3"];
  const bob = scene.start("bob", ...placeOf(two), ...words);
  await bob.line(/"amount":5,/);
  // This one is booked while bob is online, and pushed after the first one.
  await pay("6");
  late.resolve();
  await bob.line(/"amount":6,/);
  await pay("7");
  const { code, stdout } = await bob.end();
  assertEquals(code, 0);
  const amounts = [...stdout.matchAll(/"event":"payment".*?"amount":(\d+)/g)].map(([, it]) => it);
  assertEquals(amounts, ["5", "6", "7"]);
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

/** What a command pays, and the words that make it. */
const payments: readonly {
  readonly title: string;
  readonly words: (scene: Scene) => Promise<readonly string[]>;
  readonly amounts: readonly number[];
  readonly says: RegExp;
}[] = [
  {
    title: "pay --via-server",
    words: () => Promise.resolve(["pay", "bob", "7", "--via-server"]),
    amounts: [7],
    says: /^transfer OK\npaid 7 to bob, balance 9993, entry \d+, id \S+\n$/,
  },
  {
    title: "pay of a request",
    words: async (scene) => {
      const asked = await scene.run("bob", "request", "7", "--json");
      return ["pay", String(json(asked.stdout).uri)];
    },
    amounts: [7],
    says: /^transfer OK\npaid 7 to bob, balance 9993, entry \d+, id \S+\n$/,
  },
  {
    title: "pay --batch",
    words: async (scene) => {
      const lines = Array.from({ length: 60 }, (_, at) => `bob,${at + 1}`);
      await Deno.writeTextFile(scene.path("file.csv"), ["to,amount", ...lines, ""].join("\n"));
      return ["pay", "--batch", scene.path("file.csv"), "--via-server", "--yes"];
    },
    amounts: Array.from({ length: 60 }, (_, at) => at + 1),
    says: /^60 paid \(1830\)\n$/,
  },
  {
    title: "refund",
    words: async (scene) => {
      const { stdout } = await scene.run("bob", "pay", "alice", "7", "--via-server", "--json");
      return ["refund", String(json(stdout).entry)];
    },
    amounts: [7, 7],
    says: /^refund OK|^transfer OK/,
  },
];

for (const { title, words, amounts, says } of payments) {
  Deno.test(`${title}: when the server is lost after the booking, another one tells the outcome, once`, async () => {
    await using scene = await Scene.open();
    await scene.join("alice", "bob");
    const args = await words(scene);
    scene.loseNextServerAfter("book");
    const { stdout } = await scene.run("alice", ...args);
    assert(scene.hasLostServer);
    assertMatch(stdout, says);
    assertEquals(stdout.match(/ OK\n/g)?.length ?? 1, 1);
    const entries = await scene.ledger.history(named("alice"), { limit: 200 });
    const booked = entries.filter(({ kind }) => kind !== "opening").map(({ amount }) => amount);
    assertEquals(booked.sort((a, b) => a - b), [...amounts]);
  });
}

Deno.test("a payment to a member who is online is told once on both sides, when the server that booked it is lost", async () => {
  await using scene = await Scene.open();
  await scene.join("alice", "bob");
  const bob = scene.start("bob", "receive", "--json", "--count", "2");
  await bob.line(/^\{"event":"online"/);
  scene.loseNextServerAfter("book");
  const paid = await scene.run("alice", "pay", "bob", "7");
  assert(scene.hasLostServer);
  assertMatch(paid.stdout, /^transfer OK\npaid 7 to bob, /);
  await scene.run("alice", "pay", "bob", "5", "--via-server");
  const { code, stdout } = await bob.end();
  assertEquals(code, 0);
  const amounts = [...stdout.matchAll(/"event":"payment".*?"amount":(\d+)/g)].map(([, it]) => it);
  assertEquals(amounts, ["7", "5"]);
});

Deno.test("register: when the server is lost after it registered, another one gives the certificate", async () => {
  await using scene = await Scene.open();
  scene.loseNextServerAfter("register");
  const { stdout } = await scene.run("alice", "join", scene.uri, "--as", "alice");
  assert(scene.hasLostServer);
  assertEquals(stdout, "100 OK\n");
  assertEquals((await scene.run("alice", "balance")).stdout, "10000\n");
});
