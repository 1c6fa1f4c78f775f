/**
 * What a stopped server leaves behind: a clean exit on a signal, every acknowledged payment, and a
 * free port.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { json, jsonLines, openScene, openSceneInProcess, openSceneWith, step } from "./driver.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`a server ends on ${signal} with 0, tells its clients, and the next one has port and ledger at once`, async () => {
    await using scene = await openSceneWith(["alice", "bob"]);
    const bob = await scene.receiverProcess("bob");
    const menu = scene.startClientInProcess([], { stdin: "piped" });
    await menu.errorLine(/^1 REGISTER/);
    const paid = json((await scene.inProcess(["pay", "bob", "2000", "--json"])).stdout);
    const { port } = scene.server;
    const { code, stdout, stderr } = await scene.server.stop(signal);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout.trimEnd().split("\n").at(-1), "Server stopped");
    await bob.line(/^\{"event":"offline","error":"closed","text":".*: the server is stopping"\}$/);
    // A signal ends it cleanly while there is no server.
    bob.signal(signal);
    assertEquals((await bob.end()).code, 0);

    await scene.startServerInProcess({ port });
    assertEquals(scene.server.port, port);
    assertEquals((await scene.inProcess(["balance"])).stdout, "8000\n");
    const status = await scene.inProcess(["status", String(paid.id), "--json"]);
    assertEquals({ ...json(status.stdout), way: "direct" }, paid);
    // Nobody is online any more, whatever was so when it stopped.
    assertEquals(
      (await scene.inProcess(["list"])).stdout,
      "Account balance: 8000\nNumber online: 0\n",
    );
    await menu.endInput();
    await menu.end();
  });
}

Deno.test("a server that is stopped right after its listening line ends with 0, too", async () => {
  await using scene = await openScene();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    await scene.startServer();
    const { code, stdout } = await scene.server.stop(signal);
    assertEquals([code, stdout.trimEnd().split("\n").at(-1)], [0, "Server stopped"]);
  }
});

Deno.test("a member whose terminal is closed goes offline cleanly", async () => {
  await using scene = await openSceneWith(["alice", "bob"]);
  const bob = await scene.receiverProcess("bob");
  bob.signal("SIGHUP");
  assertEquals((await bob.end()).code, 0);
  await scene.server.program.line(/^→ \[Exit\]/);
  assertEquals((await scene.inProcess(["list"])).stdout.includes("bob#"), false);
});

Deno.test("everything that a killed server acknowledged is in the ledger", async () => {
  await using scene = await openSceneWith(["alice", "bob", "carol"]);
  await scene.receiver("bob");
  const payments = ["alice", "carol"].map(async (as) => {
    const acknowledged: Record<string, unknown>[] = [];
    for (let amount = 1; amount <= 3; amount++) {
      const { code, stdout } = await scene.inProcess(["pay", "bob", String(amount), "--json"], {
        as,
      });
      assertEquals(code, 0);
      acknowledged.push(json(stdout));
    }
    return acknowledged;
  });
  const acknowledged = (await Promise.all(payments)).flat();
  scene.server.program.signal("SIGKILL");
  await scene.server.program.end();
  const booked = scene.query("SELECT id FROM entry WHERE kind = 'payment' ORDER BY id");
  const ids = acknowledged.map(({ id }) => String(id)).toSorted();
  assertEquals(booked.trimEnd().split("\n"), ids);
  assertEquals(scene.query("SELECT sum(balance) FROM client"), "0\n");
  await scene.startServerInProcess();
  const history = await scene.inProcess(["history", "--json"], { as: "bob" });
  assertEquals(jsonLines(history.stdout)[0]!.balance, 10_012);
});

Deno.test("the server keeps, empties or deletes the ledger as its options say", async (t) => {
  await using scene = await openSceneInProcess(["alice"]);
  await step(
    t,
    "--reset without --yes and without a terminal: refused, and nothing is lost",
    async () => {
      await scene.server.stop();
      const { code, stderr } = await scene.runInProcess(["server", "0", "--reset"]);
      assertEquals(code, 2);
      assertMatch(stderr, /^micropay: reset the ledger \/.*\/server\.db: give --yes too/);
      assertEquals(scene.query("SELECT count(*) FROM entry"), "1\n");
    },
  );
  await step(
    t,
    "--reset --yes: an empty ledger, in which old certificates speak for nobody",
    async () => {
      await scene.startServerInProcess({ args: ["--reset", "--yes"] });
      assertEquals(scene.query("SELECT count(*) FROM entry"), "0\n");
      const { code, stdout } = await scene.inProcess(["balance"]);
      assertEquals([code, stdout], [4, "220 AUTH_FAIL\n"]);
      await scene.server.stop();
    },
  );
  await step(t, "--delete-db-on-exit: gone, with all that belongs to it", async () => {
    await scene.startServerInProcess({ args: ["--delete-db-on-exit"] });
    assertEquals((await scene.server.stop()).code, 0);
    const left = [...Deno.readDirSync(scene.folder)].map(({ name }) => name);
    assertEquals(left.filter((name) => name.startsWith("server.db")), []);
  });
});

Deno.test("every line of a JSON log is one object, and --silent omits the encrypted messages", async (t) => {
  const rows = [
    { args: [], sealed: true },
    { args: ["--silent"], sealed: false },
  ];
  for (const { args, sealed } of rows) {
    await step(t, `--log-format json ${args.join(" ")}`, async () => {
      const options = { args: ["5", "--log-format", "json", ...args] };
      await using scene = await openSceneInProcess([], options);
      await scene.register("alice");
      await scene.inProcess(["balance"]);
      const { stdout } = await scene.server.stop();
      const lines = jsonLines(stdout);
      const events = lines.map(({ event }) => event);
      for (const kind of ["listening", "connected", "message", "disconnected", "stopped"]) {
        assert(events.includes(kind), `${kind} is not in ${events}`);
      }
      const message = lines.find(({ notation }) => notation === "REGISTER#alice")!;
      assertEquals(typeof message.sealed, sealed ? "string" : "undefined");
    });
  }
  await step(t, "--log-format text --silent", async () => {
    await using scene = await openSceneInProcess(["alice"], { args: ["5", "--silent"] });
    const { stdout } = await scene.server.stop();
    assertMatch(stdout, /\n→ \[REGISTER#alice\] from 127\.0\.0\.1@\d+\n/);
    assertEquals(stdout.includes("eyJ"), false);
  });
});

Deno.test("every option can come from the environment, and the command line wins", async () => {
  await using scene = await openScene();
  const env = {
    MICROPAY_DB: "class.db",
    MICROPAY_CERTS: "class",
    MICROPAY_INITIAL_BALANCE: "500",
    MICROPAY_SILENT: "yes",
    MICROPAY_LOG_FORMAT: "json",
  };
  await scene.startServer({ args: ["5", "--log-format", "text"], env });
  const ca = { MICROPAY_CA: "class/CA.pem", MICROPAY_JSON: "1", MICROPAY_TIMEOUT: "20" };
  const absolute = { ...ca, MICROPAY_CA: scene.path("class/CA.pem") };
  await scene.inProcess(["register", "alice"], { env: absolute });
  const { stdout } = await scene.client(["balance"], { env: ca });
  assertEquals(stdout, '{"code":300,"balance":500}\n');
  const rows = "SELECT username, balance FROM client ORDER BY username";
  assertEquals(scene.query(rows, "class.db"), "@issuer|-500\nalice|500\n");
  const wrong = await scene.runInProcess(["server", "0"], { MICROPAY_INITIAL_BALANCE: "lots" });
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /MICROPAY_INITIAL_BALANCE "lots": a balance is a whole number/);
});
