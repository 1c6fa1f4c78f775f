/**
 * Whom a client believes. What is not to be believed is sent nothing, not one byte.
 */
import { X509Certificate } from "node:crypto";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { json, openScene, openSceneInProcess, type Scene, step } from "./driver.ts";
import { FakeServer } from "./fake_server.ts";

Deno.test("a pipe in place of certs/CA.pem in the current folder blocks no client, and a pipe for --ca is read", async () => {
  await using scene = await openSceneInProcess([]);
  const folder = scene.path("hostile");
  await Deno.mkdir(`${folder}/certs`, { recursive: true });
  await new Deno.Command("mkfifo", { args: [`${folder}/certs/CA.pem`] }).output();
  const found = await scene.client(["register", "alice"], { folder });
  assertEquals([found.code, found.stdout], [1, ""]);
  assertStringIncludes(found.stderr, "micropay: read certs/CA.pem: it is not a regular file");
  const verified = await scene.run(["verify"], { folder });
  assertEquals([verified.code, verified.stdout], [1, ""]);
  assertStringIncludes(verified.stderr, "it is not a regular file");
  // A person who gives a pipe means it, as with --ca <(ssh …).
  const [given] = await Promise.all([
    scene.client(["register", "alice", "--ca", `${folder}/certs/CA.pem`], { folder }),
    Deno.writeFile(`${folder}/certs/CA.pem`, await Deno.readFile(scene.path("certs", "CA.pem"))),
  ]);
  assertEquals([given.code, given.stdout], [0, "100 OK\n"]);
});

Deno.test("a client trusts a given CA, or a given fingerprint, which it pins", async (t) => {
  await using scene = await openSceneInProcess([]);
  await using other = await openScene();
  await other.gencert();
  const elsewhere = scene.path("elsewhere");
  await Deno.mkdir(elsewhere);
  const greeting = await FakeServer.greetingOf(scene.server.port);
  const fingerprint = await fingerprintOf(scene);
  const wrong = "0".repeat(64);
  const rows: readonly {
    title: string;
    as: string;
    options: readonly string[];
    code: number;
    says?: string;
  }[] = [
    {
      title: "no CA and no terminal: refused, naming --fingerprint",
      as: "new",
      options: [],
      code: 4,
      says: "give it with --fingerprint, or the CA's file with --ca",
    },
    {
      title: "a wrong --fingerprint: refused",
      as: "new",
      options: ["--fingerprint", wrong],
      code: 4,
      says: `its CA has the fingerprint ${fingerprint}, not ${wrong}`,
    },
    {
      title: "a wrong --ca: refused",
      as: "new",
      options: ["--ca", other.path("certs", "CA.pem")],
      code: 4,
      says: `its CA has the fingerprint ${fingerprint}, not ${await fingerprintOf(other)}, as ` +
        `${other.path("certs", "CA.pem")} (--ca) says. Ask the operator`,
    },
    {
      title: "a --ca that is no certificate: refused",
      as: "new",
      options: ["--ca", scene.path("server.db")],
      code: 4,
      says: "read the CA",
    },
    {
      title: "a --ca that is not there: an error",
      as: "new",
      options: ["--ca", scene.path("none.pem")],
      code: 1,
      says: "there is no such file",
    },
    {
      title: "the right --ca with a wrong --fingerprint: refused",
      as: "new",
      options: ["--ca", scene.path("certs", "CA.pem"), "--fingerprint", wrong],
      code: 4,
      says: `(--ca) is the CA ${fingerprint}, and --fingerprint says ${wrong}`,
    },
  ];
  for (const { title, as, options, code, says = "" } of rows) {
    await step(t, title, async () => {
      // A fake that says what the real server says, and keeps what it is told.
      await using fake = new FakeServer(greeting);
      const port = fake.port;
      const register = ["register", "alice", "--json", ...options];
      // Without --ca, the CA of the current folder matters.
      const ended = options.includes("--ca")
        ? await scene.inProcess(register, { as, port })
        : await scene.client(register, { as, port, folder: elsewhere });
      assertEquals([ended.code, ended.stdout], [code, ""]);
      const { error, text } = json(ended.stderr);
      assertEquals(error, code === 4 ? "untrusted" : "file");
      assertStringIncludes(String(text), says);
      assertEquals(await fake.received(), "");
      assertEquals(await exists(scene.home(as)), false);
    });
  }

  await step(t, "the right --fingerprint pins: the next client needs none", async () => {
    const colons = fingerprint.toUpperCase().replace(/..(?!$)/g, "$&:");
    const first = await scene.client(["register", "alice", "--fingerprint", colons], {
      folder: elsewhere,
    });
    assertEquals([first.code, first.stdout], [0, "100 OK\n"]);
    const next = await scene.client(["balance"], { folder: elsewhere });
    assertEquals([next.code, next.stdout], [0, "10000\n"]);
  });

  await step(t, "a CA that changed after it was pinned: refused, and nothing is sent", async () => {
    const { port } = scene.server;
    await scene.server.stop();
    await other.startServerInProcess();
    const changed = await FakeServer.greetingOf(other.server.port);
    await using fake = new FakeServer(changed, port);
    const ended = await scene.client(["balance", "--json"], { port, folder: elsewhere });
    assertEquals(ended.code, 4);
    const { text } = json(ended.stderr);
    const found = await fingerprintOf(other);
    assertStringIncludes(String(text), `its CA was ${fingerprint} and is ${found} now.`);
    assertStringIncludes(String(text), "Somebody may be in between.");
    assertEquals(await fake.received(), "");
  });
});

Deno.test("a CA in the current folder replaces no pin, and the client knows its ledger at another address", async (t) => {
  await using scene = await openSceneInProcess([]);
  await using other = await openScene();
  await other.gencert();
  const elsewhere = scene.path("elsewhere");
  await Deno.mkdir(elsewhere);
  const fingerprint = await fingerprintOf(scene);
  const { port } = scene.server;
  const register = ["register", "alice", "--fingerprint", fingerprint];
  assertEquals((await scene.client(register, { folder: elsewhere })).code, 0);

  await step(t, "another CA lies there: refused, and both are named", async () => {
    const ended = await scene.client(["balance", "--json"], { folder: other.folder });
    assertEquals([ended.code, ended.stdout], [4, ""]);
    const text = String(json(ended.stderr).text);
    assertStringIncludes(text, scene.path("homes", "alice", "wallet.db"));
    assertStringIncludes(text, `for the CA ${fingerprint}, and `);
    const file = await Deno.realPath(other.path("certs", "CA.pem"));
    assertStringIncludes(text, `${file} in the current folder is the CA `);
  });

  await step(t, "its address is another one: trusted and pinned, and said so once", async () => {
    const found: string[] = [];
    for (let times = 1; times <= 2; times++) {
      const ended = await scene.run(["client", "localhost", String(port), "balance"], {
        env: { MICROPAY_HOME: scene.home("alice") },
        folder: elsewhere,
      });
      assertEquals([ended.code, ended.stdout], [0, "10000\n"]);
      found.push(ended.stderr);
    }
    assertEquals(found, [
      `localhost:${port} is pinned now, to the ledger ${fingerprint}, which is known here\n`,
      "",
    ]);
  });

  await step(
    t,
    "the CA that lies there has its server at the pinned address: refused",
    async () => {
      await scene.server.stop();
      await other.startServerInProcess();
      const changed = await FakeServer.greetingOf(other.server.port);
      await using fake = new FakeServer(changed, port);
      const ended = await scene.client(["balance", "--json"], { port, folder: other.folder });
      assertEquals([ended.code, ended.stdout], [4, ""]);
      assertStringIncludes(String(json(ended.stderr).text), `for the CA ${fingerprint}, and `);
      assertEquals(await fake.received(), "");
    },
  );
});

Deno.test("the client recognises a server of another kind, or gives up after --timeout", async (t) => {
  await using scene = await openScene();
  await scene.gencert();
  const elsewhere = scene.path("elsewhere");
  await Deno.mkdir(elsewhere);
  const rows: readonly {
    title: string;
    says: string;
    code: number;
    error: string;
    text: RegExp;
  }[] = [
    {
      title: "a server that waits for us to speak first, as HTTP and echo do",
      says: "",
      code: 1,
      error: "timeout",
      text: /^no micropay server answered at 127\.0\.0\.1:\d+; is it running, is the port right\?$/,
    },
    {
      title: "one that greets in another language",
      says: "220-mail.example.org\r\n",
      code: 4,
      error: "untrusted",
      text: /a byte in it is not printable ASCII$/,
    },
    {
      title: "one that greets with a word",
      says: "HELLO\n",
      code: 4,
      error: "untrusted",
      text: /(what answers there is not a micropay server|not a compact JWS)$/,
    },
    {
      title: "one that sends a line without an end",
      says: "x".repeat(70_000),
      code: 4,
      error: "untrusted",
      text: /a line is longer than 65536 bytes$/,
    },
  ];
  for (const { title, says, code, error, text } of rows) {
    for (const folder of [scene.folder, elsewhere]) {
      await step(t, `${title}, ${folder === elsewhere ? "without" : "with"} a CA`, async () => {
        await using fake = new FakeServer(says);
        const { port } = fake;
        const args = ["register", "alice", "--json", "--timeout", says === "" ? "0.5" : "20"];
        const ended = folder === elsewhere
          ? await scene.client(args, { port, folder })
          : await scene.inProcess(args, { port });
        assertEquals([ended.code, ended.stdout], [code, ""]);
        assertEquals(json(ended.stderr).error, error);
        assertMatch(String(json(ended.stderr).text), text);
        assertEquals(await fake.received(), "");
      });
    }
  }
  const unanswered = (port: number) =>
    `no micropay server answered at 127.0.0.1:${port}; is it running, is the port right?`;
  await step(t, "nobody listening", async () => {
    const ended = await scene.inProcess(["balance", "--json"], { port: 1 });
    assertEquals([ended.code, ended.stdout], [1, ""]);
    assertEquals(json(ended.stderr), { error: "connect", text: unanswered(1) });
  });
  await step(t, "one that closes without a word", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const closing = listener.accept().then((connection) => connection.close());
    const { port } = listener.addr;
    const ended = await scene.inProcess(["balance", "--json"], { port });
    await closing;
    assertEquals([ended.code, ended.stdout], [1, ""]);
    assertEquals(json(ended.stderr), { error: "closed", text: unanswered(port) });
  });
  await step(t, "a host that does not exist is another matter", async () => {
    const place = { host: "no.such.host.invalid", port: 8888 };
    const ended = await scene.inProcess(["balance", "--json"], place);
    assertEquals([ended.code, ended.stdout, json(ended.stderr).error], [1, "", "connect"]);
    assertMatch(
      String(json(ended.stderr).text),
      /^connect to no\.such\.host\.invalid:8888: .* ask the operator for the server's address/,
    );
  });
});

async function fingerprintOf(scene: Scene): Promise<string> {
  const pem = await Deno.readTextFile(scene.path("certs", "CA.pem"));
  return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
