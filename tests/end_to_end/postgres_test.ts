/** A server, its members and the operator's commands on a ledger in PostgreSQL. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { TemporaryPostgres } from "../ledger/postgres/temporary_postgres.ts";
import { json, openScene } from "./driver.ts";

testWith(
  ["initdb"],
  "members pay on a ledger in PostgreSQL, also after it crashed, and the operator corrects and audits it",
  async () => {
    const postgres = await TemporaryPostgres.start();
    try {
      await using scene = await openScene();
      const url = postgres.makeDatabase();
      const { program } = await scene.startServer({ args: ["5", "--silent", "--db", url] });
      assertStringIncludes(program.stdout.lines.join("\n"), `New, empty ledger in ${url}`);
      await scene.register("alice", "bob");
      const bob = scene.startClientInProcess(["receive", "--count", "2"], { as: "bob" });
      await bob.errorLine(/^Online/);
      assertMatch((await scene.inProcess(["pay", "bob", "2000"])).stdout, /^transfer OK/);

      postgres.stop();
      await program.line(
        /^The ledger's database cannot be used: .*; members are told to try again$/,
      );
      postgres.restart();
      await program.line(/^The ledger's database is back$/);
      assertMatch((await scene.inProcess(["pay", "bob", "1000"])).stdout, /^transfer OK/);
      assertEquals((await bob.end()).code, 0);

      const deposited = await scene.ledgerInProcess("deposit", "alice", "500", "--db", url);
      assertEquals(deposited.code, 0, deposited.stderr);
      assertEquals((await scene.inProcess(["balance"])).stdout, "7500\n");
      const audited = await scene.ledgerInProcess("audit", "--db", url);
      assertEquals(audited.code, 0, audited.stderr);
      assertEquals((await scene.server.stop()).code, 0);
      const said = program.stdout.lines.filter((line) => line.startsWith("The ledger's database"));
      assertEquals(said.length, 2);
    } finally {
      postgres.dispose();
    }
  },
);

testWith(
  ["initdb"],
  "members keep accounts and receipts when their ledger moves into PostgreSQL and back",
  async () => {
    const postgres = await TemporaryPostgres.start();
    try {
      await using scene = await openScene();
      const url = postgres.makeDatabase();
      await scene.startServerInProcess();
      await scene.register("alice", "bob");
      const paid = await scene.inProcess(["pay", "bob", "2000", "--via-server", "--json"]);
      const { id } = json(paid.stdout);
      const move = async (from: string, to: string) => {
        assertEquals((await scene.server.stop()).code, 0);
        const copy = ["copy", "--from", from, "--to", to];
        const { code, stderr } = await scene.ledgerInProcess(...copy);
        assertEquals([code, stderr], [0, ""]);
        await scene.startServerInProcess({ args: ["5", "--silent", "--db", to] });
        // The client compares the ledger with each receipt that it has.
        const audited = await scene.inProcess(["audit"]);
        assertEquals([audited.code, audited.stderr], [0, ""]);
        const proven = await scene.inProcess(["receipt", String(id), "--proof"]);
        assertEquals(proven.code, 0, proven.stderr);
      };
      await move(scene.path("server.db"), url);
      assertMatch(
        (await scene.inProcess(["pay", "bob", "1", "--via-server"])).stdout,
        /^transfer OK/,
      );
      await move(url, scene.path("back.db"));
      assertEquals((await scene.inProcess(["balance"])).stdout, "7999\n");
      assertEquals((await scene.server.stop()).code, 0);
    } finally {
      postgres.dispose();
    }
  },
);

testWith(
  ["initdb"],
  "a server that cannot use its database says why in one line",
  async () => {
    const postgres = await TemporaryPostgres.start({
      access: ["local all all trust", "host all micropay 127.0.0.1/32 scram-sha-256"],
    });
    try {
      await using scene = await openScene();
      await scene.gencert();
      const url = `postgres://micropay@127.0.0.1:${postgres.port}/postgres`;
      const password = scene.path("password");
      await Deno.writeTextFile(password, "wrong\n");
      const env = { MICROPAY_DB_PASSWORD_FILE: password };
      const table = [
        [url, 1, "check the password file"],
        [url.replace(/:\d+\//, ":1/"), 1, "is it running there?"],
        [
          "postgres://a:secret@127.0.0.1/x",
          2,
          "a password in a command line can be read by others",
        ],
        [`${url}?sslmode=prefer`, 2, "does not verify the server"],
        [`${url}?sslmode=verify-full`, 1, "its server has no TLS"],
      ] as const;
      for (const [db, expected, reason] of table) {
        const { code, stderr } = await scene.runInProcess(["server", "0", "--db", db], env);
        assertEquals([code, stderr.trim().split("\n").length], [expected, 1], stderr);
        assertStringIncludes(stderr, reason);
        assertEquals(stderr.includes("secret"), false);
      }
    } finally {
      postgres.dispose();
    }
  },
);
