/**
 * The set-up of docs/scaling.md: a primary with a synchronous standby, three servers, and HAProxy,
 * with the files of `examples/`.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sql } from "../../src/ledger/postgres/statements.ts";
import { testWith } from "../installed_tool.ts";
import { ReplicatedPostgres } from "../ledger/postgres/replicated_postgres.ts";
import { Haproxy } from "../proxy/haproxy.ts";
import { checkRound } from "../soak/check_round.ts";
import { Crowd } from "../soak/crowd.ts";
import { openScene, type RunningServer, step } from "./driver.ts";

testWith(
  ["initdb", "openssl", "haproxy"],
  "three servers behind HAProxy serve a ledger with roles of least rights, and go on when a server or the primary is lost",
  async (context) => {
    using machines = ReplicatedPostgres.start();
    await using scene = await openScene();
    await scene.gencert();
    const { db1, db2 } = machines;
    const run = (role: string, ...words: readonly string[]) =>
      scene.runInProcess([...words, "--db", machines.url(role)], machines.environment(role));

    await step(context, "only the owner of the database makes the tables", async () => {
      const refused = await run("server", "server", "0");
      assertEquals(refused.code, 1);
      assertStringIncludes(
        refused.stderr,
        "its owner makes the tables with micropay ledger create",
      );
      for (const answer of ["New, empty ledger in", "There is a ledger already in"]) {
        const created = await run("owner", "ledger", "create");
        assertEquals([created.code, created.stdout], [0, `${answer} ${machines.url("owner")}\n`]);
      }
      // It sees that there are tables, also without the right to read them.
      assertStringIncludes((await run("server", "server", "0")).stderr, "permission denied");
      db1.psqlFile("ledger", "rights.sql");
    });

    await step(context, "the server's role has the rights that its statements need", () => {
      const statements = Object.values(sql).filter((text) =>
        /^(SELECT|INSERT|UPDATE|DELETE)/.test(text)
      );
      assert(statements.length > 60);
      // EXPLAIN checks the rights and does nothing.
      const explained = statements.flatMap((text, at) => {
        const count = Math.max(
          0,
          ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)),
        );
        const values = count === 0 ? "" : `(${Array(count).fill("NULL").join(", ")})`;
        return [`PREPARE s${at} AS ${text}`, `EXPLAIN EXECUTE s${at} ${values}`];
      });
      db1.psql("ledger", "SET ROLE micropay_server", ...explained);
      return Promise.resolve();
    });

    const servers: RunningServer[] = [];
    for (const start of ["startServer", "startServer", "startServerInProcess"] as const) {
      const args = ["20", "--silent", "--proxy-from", "127.0.0.1", "--db", machines.url("server")];
      servers.push(await scene[start]({ args, env: machines.environment("server") }));
    }
    await using haproxy = await Haproxy.start(servers.map(({ port }) => port));
    const crowd = await Crowd.open(scene, {
      members: 4,
      ports: [haproxy.port],
      timeoutMs: 3_000,
    });
    const stopped = new AbortController();
    const paying = crowd.payUntil(stopped.signal);

    await step(context, "members whose server is killed go on at another one", async () => {
      await paidMore(crowd, 20);
      servers[0]!.program.signal("SIGKILL");
      await paidMore(crowd, 20);
    });

    await step(context, "after the primary is lost, they go on at the standby", async () => {
      db1.kill();
      db2.promote();
      // It has no standby of its own yet.
      db2.psql(
        "postgres",
        "ALTER SYSTEM SET synchronous_standby_names = ''",
        "SELECT pg_reload_conf()",
      );
      await paidMore(crowd, 20);
    });

    await step(context, "every payment is in the ledger once, or was refused", async () => {
      stopped.abort();
      await paying;
      await crowd.settle();
      await crowd.leave();
      const kept = scene.path("kept.db");
      const backup = await run("reader", "ledger", "backup", kept);
      assertEquals(backup.code, 0, backup.stderr);
      const { payments } = await checkRound(scene, crowd.attempts, { db: kept });
      assert(payments >= 60);
    });

    await step(context, "the reader's role reads everything and serves nothing", async () => {
      for (const words of [["audit"], ["balances"], ["show", "member0"], ["export"]]) {
        const { code, stderr } = await run("reader", "ledger", ...words);
        assertEquals(code, 0, stderr);
      }
      const refused = await run("reader", "ledger", "deposit", "member0", "5");
      assertEquals(refused.code, 1);
      assertStringIncludes(refused.stderr, "its user may only read it");
      const served = await run("reader", "server", "0");
      assertEquals(served.code, 1);
      assertStringIncludes(served.stderr, "its user may only read it");
      const allowed = await run("server", "ledger", "deposit", "member0", "5");
      assertEquals(allowed.code, 0, allowed.stderr);
    });

    await step(context, "the server's role cannot change the past", () => {
      for (
        const statement of [
          "UPDATE entry SET amount = 1",
          "UPDATE account_change SET kind = 'closure'",
          "UPDATE certificate SET username = 'bob'",
          "UPDATE client SET username = 'bob'",
          "DELETE FROM entry",
          "DELETE FROM account_change",
          "DELETE FROM client",
          "TRUNCATE entry CASCADE",
          "DROP TABLE entry",
          "ALTER TABLE entry DISABLE TRIGGER ALL",
          "SET session_replication_role = replica",
          "CREATE TABLE more (id int)",
          "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS ''",
        ]
      ) {
        for (const role of ["micropay_server", "micropay_reader"]) {
          const said = refusalOf(() => db2.psql("ledger", `SET ROLE ${role}`, statement));
          assertMatch(said, /permission denied|must be owner/, `${role}: ${statement}`);
        }
      }
      return Promise.resolve();
    });
  },
);

/** Waits until so many more payments were acknowledged. */
function paidMore(crowd: Crowd, count: number): Promise<void> {
  return new Promise((resolve) => {
    let paid = 0;
    crowd.onPaid = () => {
      if (++paid === count) resolve();
    };
  });
}

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  return "not refused";
}
