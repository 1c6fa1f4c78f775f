/** A server that cannot start prints one line to stderr, exits with 1 and changes no file. */
import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertMatch } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { certificateFileNames } from "../../src/pki/certificate_folder.ts";
import { dayMs } from "../pki/certificate_maker.ts";
import { make } from "../pki/temporary_folder.ts";
import { openScene, type Scene, step } from "./driver.ts";

const rows: readonly {
  readonly title: string;
  readonly spoil: (scene: Scene) => Promise<void>;
  readonly args?: readonly string[];
  readonly says: RegExp;
}[] = [
  {
    title: "a folder without CA.key",
    spoil: (scene) => Deno.remove(scene.path("certs", "CA.key")),
    says:
      /CA\.key: there is no such file; put it back from your copy, or serve without it with --no-registering$/,
  },
  {
    title: "--no-registering and no certificates",
    spoil: (scene) => Deno.remove(scene.path("certs"), { recursive: true }),
    args: ["--no-registering"],
    says: /no certificates are in .*certs; where CA\.key is, micropay gencert --ca-from DIR --out/,
  },
  {
    title: "a folder without server.key",
    spoil: (scene) => Deno.remove(scene.path("certs", "server.key")),
    says: /server\.key: there is no such file; micropay gencert (--out \S+ )?makes it/,
  },
  {
    title: "a folder without CA.pem",
    spoil: (scene) => Deno.remove(scene.path("certs", "CA.pem")),
    says: /CA\.pem/,
  },
  {
    title: "a CA.pem that is no certificate",
    spoil: (scene) => Deno.writeTextFile(scene.path("certs", "CA.pem"), "no certificate\n"),
    says: /CA\.pem/,
  },
  {
    title: "a server.crt of another CA",
    spoil: async (scene) => {
      await scene.gencert("--out", scene.path("other"));
      for (const name of ["server.crt", "server.key"]) {
        await Deno.rename(scene.path("other", name), scene.path("certs", name));
      }
    },
    says: /server\.crt/,
  },
  {
    title: "a server.key that is not the certificate's",
    spoil: async (scene) => {
      await scene.gencert("--out", scene.path("other"));
      await Deno.rename(scene.path("other", "server.key"), scene.path("certs", "server.key"));
    },
    says: /server\.crt.*the key is not the certificate's|the key is not the certificate's/,
  },
  {
    title: "a server.crt that has expired",
    spoil: expireCertificate,
    says: /server\.crt.*expired on .*; micropay gencert renew (--out \S+ )?makes new ones$/,
  },
  {
    title: "a ledger in a folder that is not there",
    spoil: () => Promise.resolve(),
    args: ["--db", "nowhere/server.db"],
    says: /nowhere\/server\.db/,
  },
  {
    title: "a ledger in a folder that cannot be written to, not even by root",
    spoil: () => Promise.resolve(),
    args: ["--db", "/proc/server.db"],
    says: /\/proc\/server\.db/,
  },
  {
    title: "a ledger that is a folder",
    spoil: (scene) => Deno.mkdir(scene.path("server.db")),
    says: /server\.db/,
  },
  {
    title: "a file that is no database",
    spoil: (scene) => Deno.writeTextFile(scene.path("server.db"), "a letter\n".repeat(500)),
    says: /server\.db/,
  },
  {
    title: "a database of another program",
    spoil: (scene) => {
      const database = new DatabaseSync(scene.path("server.db"));
      database.exec("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
      database.close();
      return Promise.resolve();
    },
    says: /server\.db/,
  },
  {
    title: "a ledger of another CA",
    spoil: async (scene) => {
      await scene.startServerInProcess();
      await scene.server.stop();
      await scene.gencert("--force", "--new-ca", "--yes");
    },
    says: /server\.db/,
  },
  {
    title: "a ledger whose certificates are gone",
    spoil: async (scene) => {
      await scene.startServerInProcess();
      await scene.server.stop();
      await Deno.remove(scene.path("certs"), { recursive: true });
    },
    says: /server\.db: its certificates are not in .*certs; put them back from your copy, or /,
  },
  {
    title: "an address that is not this machine's",
    spoil: () => Promise.resolve(),
    args: ["--host", "192.0.2.1"],
    says: /^micropay: listen on 192\.0\.2\.1:0: the address is not this machine's$/,
  },
  {
    title: "a name that has no address",
    spoil: () => Promise.resolve(),
    args: ["--host", "nowhere.invalid"],
    says: /^micropay: listen on nowhere\.invalid:0: this machine finds no address for that name$/,
  },
];

for (const { title, spoil, args = [], says } of rows) {
  Deno.test(`a server does not start with ${title}: one line, exit 1`, async () => {
    await using scene = await openScene();
    await scene.gencert();
    await spoil(scene);
    const before = await listing(scene.folder);
    const words = ["server", "0", "5", ...args];
    // A process runs in the scene's folder, where relative paths begin.
    const isRelative = args.includes("nowhere/server.db");
    const { code, stdout, stderr } =
      await (isRelative ? scene.run(words) : scene.runInProcess(words));
    assertEquals([code, stdout], [1, "User limit is now set to 5\n"]);
    const lines = stderr.trimEnd().split("\n");
    assertEquals(lines.length, 1, stderr);
    assertMatch(lines[0]!, says);
    assertEquals(await listing(scene.folder), before);
  });
}

Deno.test("a server does not start where another one runs: neither on its port nor on its ledger", async (t) => {
  await using scene = await openScene();
  const { port, program } = await scene.startServerInProcess();
  const attempts: readonly [string, readonly string[], RegExp][] = [
    [
      "the port is taken",
      ["server", String(port), "--db", "other.db", "--certs", "others"],
      new RegExp(`^micropay: listen on \\[::\\]:${port}: the port is taken; choose another`),
    ],
    ["the ledger is served", ["server", "0"], /server\.db: another server is using it/],
    [
      "the ledger is served and to be reset",
      ["server", "0", "--reset", "--yes"],
      /server\.db: another server is using it/,
    ],
  ];
  for (const [title, args, says] of attempts) {
    await step(t, title, async () => {
      const before = await listing(scene.folder);
      const { code, stderr } = await scene.run(args);
      assertEquals(await listing(scene.folder), before);
      assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1]);
      assertMatch(stderr, says);
    });
  }
  await scene.register("alice");
  assertEquals((await scene.inProcess(["balance"])).stdout, "10000\n");
  program.signal("SIGTERM");
  assertEquals((await program.end()).code, 0);
});

Deno.test("at every start a server names its files, says whether the ledger is new, and how members join", async () => {
  await using scene = await openScene();
  // The system may know the folder by another path as well.
  const folder = await Deno.realPath(scene.folder);
  const starts: string[][] = [];
  for (let count = 0; count < 2; count++) {
    const { program, port } = await scene.startServer({ args: ["5", "--host", "127.0.0.1"] });
    starts.push(program.stdout.lines.map((line) => line.replaceAll(String(port), "PORT")));
    await scene.server.stop();
  }
  const [first, second] = starts;
  const made = certificateFileNames.map((name) => `${folder}/certs/${name}`);
  assertEquals(first!.slice(1, 6), [`No certificates in ${folder}/certs, making them:`, ...made]);
  const at = first!.findIndex((line) => line.includes("ledger in "));
  assertEquals(
    first![at],
    `New, empty ledger in ${folder}/server.db; name another one with --db and --certs`,
  );
  assertMatch(
    first![at + 1]!,
    /^Members join with: micropay client join 'micropay:\/\/127\.0\.0\.1:PORT\/\?ca=[0-9a-f]{64}'$/,
  );
  assertEquals(first!.slice(at + 2), ["Server listening on port PORT"]);
  assertEquals(second!.slice(1), [`Ledger in ${folder}/server.db`, ...first!.slice(at + 1)]);
});

Deno.test("a member joins with the line that the server prints, in a folder without the server's files", async () => {
  await using scene = await openScene();
  const options = { args: ["5", "--host", "127.0.0.1"] };
  const { program } = await scene.startServerInProcess(options);
  const uri = program.stdout.lines.map((line) =>
    /^Members join with: micropay client join '(.*)'$/.exec(line)?.[1]
  ).find((found) => found !== undefined);
  const home = await Deno.makeTempDir({ dir: scene.folder });
  const words = ["client", "join", uri!, "--as", "alice"];
  const { code, stdout } = await scene.run(words, { folder: home, env: { MICROPAY_HOME: home } });
  assertEquals([code, stdout], [0, "100 OK\n"]);
});

/** Makes certificates as they were made ten days ago, for a day. */
async function expireCertificate(scene: Scene): Promise<void> {
  const folder = scene.path("certs");
  for (const name of certificateFileNames) await Deno.remove(`${folder}/${name}`);
  await make(folder, { ms: systemClock.nowMs() - 10 * dayMs, days: 1 });
}

/** Every file there with its size, the folders below included. */
async function listing(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await listing(path));
    // What SQLite keeps beside a database that it has looked into.
    else if (/-(wal|shm)$/.test(name)) continue;
    else found.push(`${path} ${(await Deno.stat(path)).size}`);
  }
  return found.toSorted();
}
