/** A server, its members and the operator's commands on a ledger in PostgreSQL. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testWith } from "../installed_tool.ts";
import { nameOf, TemporaryPostgres } from "../ledger/postgres/temporary_postgres.ts";
import { json, jsonLines, openScene } from "./driver.ts";

testWith(
  ["initdb"],
  "members at two servers pay on a ledger in PostgreSQL, also after it crashed, and the operator corrects and audits it",
  async () => {
    const postgres = await TemporaryPostgres.start();
    try {
      await using scene = await openScene();
      const url = postgres.makeDatabase();
      const here = await scene.startServer({ args: ["5", "--silent", "--db", url] });
      const { program } = here;
      assertStringIncludes(program.stdout.lines.join("\n"), `New, empty ledger in ${url}`);
      await scene.register("alice", "bob");
      // Bob is at another server of the ledger than alice, who pays him.
      const there = await scene.startServer({ args: ["5", "--silent", "--db", url] });
      const bob = scene.startClientInProcess(["receive", "--count", "3"], { as: "bob" });
      await bob.errorLine(/^Online/);
      const place = postgres.psql(nameOf(url), "SELECT server FROM client WHERE online_status = 1");
      assertEquals(place.split(" ")[0], `${Deno.hostname()}:${there.port}`);
      scene.server = here;
      const viaServer = await scene.inProcess(["pay", "bob", "500", "--via-server"]);
      assertMatch(viaServer.stdout, /^transfer OK/);
      await bob.line(/\b500\b/);
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
      assertEquals((await scene.inProcess(["balance"])).stdout, "7000\n");
      const audited = await scene.ledgerInProcess("audit", "--db", url);
      assertEquals(audited.code, 0, audited.stderr);
      for (const server of [here, there]) assertEquals((await server.stop()).code, 0);
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
        assertEquals(code, 0, stderr);
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
  "members of two servers, one without CA.key, see and pay each other, also where neither can dial the other",
  async () => {
    const postgres = await TemporaryPostgres.start();
    try {
      await using scene = await openScene();
      const args = ["5", "--silent", "--db", postgres.makeDatabase()];
      const first = await scene.startServerInProcess({ args });
      const second = scene.path("second");
      await scene.gencert("--ca-from", scene.path("certs"), "--out", second);
      const { port, program } = await scene.startServerInProcess({
        args: [...args, "--certs", second, "--no-registering"],
      });
      assertStringIncludes(program.stdout.lines.join("\n"), "This server registers nobody");
      const refused = await scene.inProcess(["register", "alice"], { port });
      assertEquals(refused.code, 5);
      assertMatch(refused.stdout, /^219 FAIL: this server registers no members/);
      for (const as of ["alice", "bob"]) {
        const registered = await scene.inProcess(["register", as], { as, port: first.port });
        assertEquals(registered.code, 0, registered.stderr);
      }
      const count = ["--advertise", `127.0.0.1:${closedPort}`, "--count", "1"];
      const bob = await scene.receiver("bob", count, port);
      const listed = await scene.inProcess(["list"], { port: first.port });
      assertStringIncludes(listed.stdout, `bob#127.0.0.1#${closedPort}\n`);
      const paid = await scene.inProcess(["pay", "bob", "5"], { port: first.port });
      assertMatch(paid.stdout, /^transfer OK\npaid 5 to bob, .*, by relay\n$/);
      const told = jsonLines((await bob.end()).stdout).at(-1)!;
      assertEquals([told.amount, told.way], [5, "relay"]);
      // Each side has a receipt of its own server, and `CA.pem` is enough for both.
      for (const as of ["alice", "bob"]) {
        const folder = scene.path(`${as}-receipts`);
        const kept = await scene.inProcess(["receipts", "--out", folder], { as, port });
        assertEquals(kept.code, 0, kept.stderr);
        const [file] = [...Deno.readDirSync(folder)].map(({ name }) => name);
        const verified = await scene.verifyInProcess(`${folder}/${file}`);
        assertEquals(verified.code, 0, verified.stderr);
      }
    } finally {
      postgres.dispose();
    }
  },
);

/** It refuses connections. The system gives it to no listener. */
const closedPort = 1;

testWith(
  ["initdb"],
  "a server that cannot use its database says why in one line",
  async () => {
    const postgres = await TemporaryPostgres.start({
      access: [
        "host all member 127.0.0.1/32 scram-sha-256",
        "host all all 127.0.0.1/32 trust",
      ],
    });
    try {
      await using scene = await openScene();
      await scene.gencert();
      const url = postgres.url("postgres");
      const password = scene.path("password");
      await Deno.writeTextFile(password, "wrong\n");
      const env = { MICROPAY_DB_PASSWORD_FILE: password };
      postgres.psql(
        "postgres",
        "CREATE ROLE member LOGIN PASSWORD 'right'; CREATE ROLE late LOGIN",
      );
      const makeDatabase = (...statements: string[]) => {
        const made = postgres.makeDatabase();
        for (const statement of statements) postgres.psql(made.split("/").at(-1)!, statement);
        return made;
      };
      const named = postgres.makeDatabase();
      postgres.psql("postgres", `ALTER DATABASE ${named.split("/").at(-1)} CONNECTION LIMIT 0`);
      // PostgreSQL cannot be told to be older or full, so functions give its answers.
      const old = makeDatabase(
        `CREATE FUNCTION public.current_setting(name text, missing_ok boolean) RETURNS text
          LANGUAGE sql AS $$ SELECT CASE name WHEN 'server_version_num' THEN '120017'
            ELSE pg_catalog.current_setting(name, missing_ok) END $$`,
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog',
          current_database()); END $$`,
      );
      const full = makeDatabase(
        `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
          END $$`,
        "CREATE EVENT TRIGGER full_disk ON ddl_command_start EXECUTE FUNCTION refuse()",
      );
      const table = [
        [url.replace("micropay@", "member@"), 1, "check the password file"],
        [url.replace(/:\d+\//, ":1/"), 1, "is it running there?"],
        [postgres.url("missing"), 1, "make it with createdb"],
        [makeDatabase("CREATE TABLE shop (id int)"), 1, "it is a database of another program"],
        [old, 1, "its server is older than PostgreSQL 13; upgrade it"],
        [full, 1, "No space left on device (SQLSTATE 53100); free some room on its disk"],
        [named.replace("micropay@", "late@"), 1, "raise its max_connections"],
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
