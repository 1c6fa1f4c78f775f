/** What a session does when its connection ends, or its server is silent. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Session, SessionLostError } from "../../../src/ledger/postgres/session.ts";
import { databaseConnectMsMax } from "../../../src/limits.ts";
import { testWith } from "../../installed_tool.ts";
import { ManualClock } from "../../manual_clock.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { accessTo, sharedPostgres } from "./temporary_postgres.ts";

Deno.test("a connection that ends while the driver is about to write rejects its statements", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const access = accessTo(`postgres://micropay@127.0.0.1:${listener.addr.port}/ledger`);
  for (let round = 0; round < 20; round++) {
    const opening = Session.open(access, { answerMsMax: 10_000 });
    const server = await listener.accept();
    await server.read(new Uint8Array(1024));
    // AuthenticationOk and ReadyForQuery, after which the driver writes its first statement soon.
    const writing = server.write(Uint8Array.of(82, 0, 0, 0, 8, 0, 0, 0, 0, 90, 0, 0, 0, 5, 73));
    // This runs right after the driver, and then the end comes together with the driver's timer.
    setTimeout(() => {
      server.close();
      block();
    }, 0);
    block();
    await writing;
    await assertRejects(() => opening, Error, "the server closed the connection");
  }
});

/** Keeps this thread busy until timers and messages of other connections are due. */
function block(): void {
  for (const untilMs = performance.now() + 5; performance.now() < untilMs;);
}

Deno.test("a host that never says whether it has TLS is given up, and its connection is closed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new ManualClock();
  const url = `postgres://micropay@127.0.0.1:${listener.addr.port}/ledger?sslmode=verify-full`;
  const opening = Session.open({ ...accessTo(url), clock }, { answerMsMax: 10_000 });
  const refused = assertRejects(() => opening, Error, "did not answer");
  using server = await listener.accept();
  const bytes = new Uint8Array(16);
  assertEquals(await server.read(bytes), 8);
  const ended = server.read(bytes).catch(() => null);
  clock.advance(databaseConnectMsMax);
  await refused;
  assertEquals(await ended, null);
});

testWith(
  ["initdb"],
  "a long statement goes on while its server answers new connections, and is cut when it does not",
  async () => {
    const postgres = await sharedPostgres();
    postgres.psql("postgres", "CREATE ROLE hurried LOGIN");
    postgres.psql("postgres", "ALTER ROLE hurried SET statement_timeout = '1min'");
    await using proxy = new DatabaseProxy(postgres.port);
    const clock = new ManualClock();
    const other = await Session.open(accessTo(postgres.url("postgres")), { answerMsMax: 60_000 });
    const session = await Session.open(
      { ...accessTo(`postgres://hurried@127.0.0.1:${proxy.port}/postgres`), clock },
      { answerMsMax: 1000, mayTakeLong: true },
    );
    try {
      assertEquals(await session.query("SHOW statement_timeout"), [{ statement_timeout: "0" }]);
      await other.query("SELECT pg_advisory_lock(1)::text");
      const waiting = session.query("SELECT pg_advisory_lock(1)::text");
      clock.advance(1000);
      // The only timer is the next deadline of the session when the server has answered.
      while (clock.delays.join() !== "1000") await other.query("SELECT 1");
      assertEquals(session.isLost, false);
      proxy.hold();
      clock.advance(1000);
      clock.advance(databaseConnectMsMax);
      const error = await assertRejects(() => waiting, SessionLostError);
      assertStringIncludes((error.cause as Error).message, "the server was silent for 1000 ms");
    } finally {
      proxy.release();
      await session.close();
      await other.close();
    }
  },
);

testWith(
  ["initdb"],
  "a session stays when its answer comes while its server does not answer a new connection",
  async () => {
    const postgres = await sharedPostgres();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const clock = new ManualClock();
    const other = await Session.open(accessTo(postgres.url("postgres")), { answerMsMax: 60_000 });
    const opening = Session.open(
      { ...accessTo(`postgres://micropay@127.0.0.1:${listener.addr.port}/postgres`), clock },
      { answerMsMax: 1000, mayTakeLong: true },
    );
    const client = await listener.accept();
    const database = await Deno.connect({ hostname: "127.0.0.1", port: postgres.port });
    const passing = [
      client.readable.pipeTo(database.writable),
      database.readable.pipeTo(client.writable),
    ];
    const session = await opening;
    try {
      await other.query("SELECT pg_advisory_lock(2)::text");
      const waiting = session.query("SELECT pg_advisory_lock(2)::text");
      clock.advance(1000);
      using _unanswered = await listener.accept();
      await other.query("SELECT pg_advisory_unlock(2)");
      await waiting;
      clock.advance(databaseConnectMsMax);
      // A loss would reject the first one, or at the latest the second one.
      await session.query("SELECT 1");
      await session.query("SELECT 1");
    } finally {
      await session.close();
      await other.close();
      await Promise.allSettled(passing);
    }
  },
);
