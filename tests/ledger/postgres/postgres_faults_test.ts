/** What a ledger in PostgreSQL says and keeps when the database or the network fails. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { isLedgerUnavailable, LedgerBusyError, LedgerError } from "../../../src/errors.ts";
import type { BookOutcome, Ledger } from "../../../src/ledger/ledger.ts";
import { BatchQueue } from "../../../src/ledger/postgres/batch_queue.ts";
import {
  type DatabaseEvent,
  DatabaseHealth,
} from "../../../src/ledger/postgres/database_health.ts";
import { openSession } from "../../../src/ledger/postgres/identify_database.ts";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import { ReaderPool } from "../../../src/ledger/postgres/reader_pool.ts";
import { Session } from "../../../src/ledger/postgres/session.ts";
import {
  databaseAnswerMsMax,
  databaseReconnectMsMin,
  databaseWaitMsMax,
} from "../../../src/limits.ts";
import { systemRandom } from "../../../src/random.ts";
import { yieldToEventLoop } from "../../../src/yield_to_event_loop.ts";
import { testWith } from "../../installed_tool.ts";
import { alice, bob, ledgerId, payment, presenceOf, registration } from "../ledger_samples.ts";
import { ManualClock } from "../../manual_clock.ts";
import { waitUntil } from "../../server/wait_until.ts";
import { AdvancingClock } from "./advancing_clock.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import {
  accessTo,
  emptyLedger,
  nameOf,
  sharedPostgres,
  TemporaryPostgres,
} from "./temporary_postgres.ts";

interface Scene extends AsyncDisposable {
  readonly postgres: TemporaryPostgres;
  readonly database: string;
  readonly proxy: DatabaseProxy;
  readonly ledger: Ledger;
  readonly events: DatabaseEvent["kind"][];
  /** Opens another ledger beside the proxy. */
  readonly openOther: () => Promise<Ledger>;
}

interface SceneOptions {
  readonly clock?: Clock;
  readonly postgres?: TemporaryPostgres;
  /** Who connects to the database. */
  readonly user?: string;
  readonly lockMsMax?: number;
}

/** Puts a copy of a ledger with three entries in its place, which has the first two. */
function goBackToEntry2({ postgres, database }: Scene): void {
  postgres.psql(
    database,
    `ALTER TABLE entry DISABLE TRIGGER USER; DELETE FROM entry WHERE number = 3;
    UPDATE head SET number = 2, subtrees = (SELECT substring(subtrees FROM 33) FROM entry
      WHERE number = 2); ALTER TABLE entry ENABLE TRIGGER USER`,
  );
}

/** Opens a ledger through a proxy, with alice's 1000. */
async function openScene(
  { clock = systemClock, postgres, user = "micropay", lockMsMax }: SceneOptions = {},
): Promise<Scene> {
  const server = postgres ?? await sharedPostgres();
  const url = await emptyLedger(server);
  const proxy = new DatabaseProxy(server.port);
  const events: DatabaseEvent["kind"][] = [];
  const opened: Ledger[] = [];
  const open = async (to: string) => {
    const ledger = await openPostgresLedger({
      access: { ...accessTo(to), clock },
      ...{ ledgerId, lockMsMax },
      random: systemRandom,
      report: ({ kind }) => events.push(kind),
    });
    opened.push(ledger);
    return ledger;
  };
  const ledger = await open(`postgres://${user}@127.0.0.1:${proxy.port}/${nameOf(url)}`);
  await ledger.register(registration(alice, 1000));
  await ledger.register(registration(bob, 1000));
  return {
    ...{ postgres: server, database: nameOf(url), proxy, ledger, events },
    openOther: () => open(url),
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

function order(id: number, amount = 1) {
  return payment([alice, bob], amount, { id });
}

/** Calls the ledger again and again until the database takes it. */
async function atLast<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isLedgerUnavailable(error)) throw error;
      // A lost database refuses at once.
      await yieldToEventLoop();
    }
  }
}

function bookAtLast(ledger: Ledger, id: number): Promise<BookOutcome> {
  return atLast(() => ledger.book(order(id)));
}

/** Makes a change that the database commits without an answer, before it is away for 5 seconds. */
async function leaveInDoubt(
  { proxy, events }: Scene,
  clock: AdvancingClock,
  change: () => Promise<unknown>,
): Promise<void> {
  const lost = proxy.cutAt("COMMIT", { isPassed: true });
  const refusal = assertRejects(change, LedgerBusyError);
  proxy.refuse();
  await lost;
  await waitUntil(() => events.length === 1);
  clock.advance(databaseWaitMsMax);
  assertEquals((await refusal).isUndecided, true);
  proxy.restore();
}

for (const isPassed of [true, false]) {
  const what = isPassed ? "the answer to COMMIT" : "COMMIT itself";
  testWith(
    ["initdb"],
    `a connection that loses ${what} leaves the order booked once, and it is answered`,
    async () => {
      await using scene = await openScene();
      const lost = scene.proxy.cutAt("COMMIT", { isPassed });
      const outcome = await scene.ledger.book(order(1));
      await lost;
      assertEquals(outcome.outcome, "booked");
      assertEquals((await scene.ledger.book(order(1))).outcome, "repeated");
      assertEquals((await scene.ledger.totals()).entries, 3);
      assertEquals(scene.events, ["lost", "recovered"]);
    },
  );
}

testWith(
  ["initdb"],
  "an order whose COMMIT is not answered for long is in doubt, and is not booked twice",
  async () => {
    const clock = new AdvancingClock();
    await using scene = await openScene({ clock });
    await leaveInDoubt(scene, clock, () => scene.ledger.book(order(1)));
    assertEquals((await bookAtLast(scene.ledger, 1)).outcome, "repeated");
    assertEquals((await scene.ledger.totals()).entries, 3);
  },
);

testWith(
  ["initdb"],
  "a write waits 5 seconds for a lost database, and later ones are refused at once and never happen, until it is back",
  async () => {
    const access = accessTo(await emptyLedger(await sharedPostgres()));
    const clock = new ManualClock();
    const events: DatabaseEvent["kind"][] = [];
    let isReachable = false;
    const queue = new BatchQueue({
      ...{ clock, ledgerId, writer: "a test", attempt: "cannot write the ledger" },
      health: new DatabaseHealth({ clock, report: ({ kind }) => events.push(kind) }),
      ...{ begin: () => {}, committed: () => {}, ended: () => {} },
      prelude: () => ({ keys: {}, operation: () => {} }),
      open: () =>
        isReachable
          ? openSession(access, { answerMsMax: 60_000 })
          : Promise.reject(new Error("no route to it")),
    });
    const run: string[] = [];
    const refused: string[] = [];
    const add = (name: string) =>
      queue.add({}, () => void run.push(name)).catch((error) => {
        assert(error instanceof LedgerBusyError && !error.isUndecided);
        refused.push(name);
      });
    add("first");
    clock.advance(0);
    await waitUntil(() => events.length === 1);
    clock.advance(databaseWaitMsMax - 1);
    add("second");
    await yieldToEventLoop();
    assertEquals(refused, []);
    clock.advance(1);
    await yieldToEventLoop();
    assertEquals(refused, ["first", "second"]);
    for (const name of ["third", "fourth"]) await add(name);
    assertEquals(refused.length, 4);
    isReachable = true;
    await waitUntil(() => {
      clock.advance(1);
      if (events.length === 1) add("refused");
      return events.length === 2;
    });
    const last = add("last");
    clock.advance(0);
    await last;
    assertEquals([run, events], [["last"], ["lost", "recovered"]]);
    await queue.close([]);
    assertEquals(clock.pending, 0);
  },
);

/**
 * Opens the readers of a ledger, whose clock stands still.
 *
 * @param connect opens a session with `open`, when the test wants it
 */
async function openReaders(connect: (open: () => Promise<Session>) => Promise<Session>) {
  const access = accessTo(await emptyLedger(await sharedPostgres()));
  const clock = new ManualClock();
  const health = new DatabaseHealth({ clock, report: () => {} });
  const readers = new ReaderPool({
    ...{ clock, health, attempt: "cannot read the ledger", isCurrent: () => true },
    open: () => connect(() => openSession(access, { answerMsMax: 60_000 })),
  });
  const read = () => readers.read((session) => session.query("SELECT 1 AS one"));
  return { clock, health, readers, read };
}

testWith(
  ["initdb"],
  "a read waits 5 seconds for a silent database, and later ones are refused at once until it is back",
  async () => {
    let isReachable = false;
    let openCount = 0;
    const { clock, health, readers, read } = await openReaders(async (open) => {
      openCount++;
      while (!isReachable) await yieldToEventLoop();
      return await open();
    });
    // More reads than there are connections.
    const refused = Array.from({ length: 9 }, () => assertRejects(read, LedgerBusyError));
    // Another read has found the silence.
    health.lost("read", "the server was silent", clock.monotonicMs());
    clock.advance(databaseWaitMsMax);
    await Promise.all(refused);
    const before = openCount;
    for (let count = 0; count < 9; count++) await assertRejects(read, LedgerBusyError);
    isReachable = true;
    await waitUntil(() => !health.isFailing("read"));
    assertEquals(await read(), [{ one: 1 }]);
    // Connections that are there find out that it is back, however often it is given up.
    for (let count = 0; count < 9; count++) {
      health.lost("read", "a table is locked", clock.monotonicMs());
      clock.advance(databaseWaitMsMax);
      await assertRejects(read, LedgerBusyError);
      await waitUntil(() => !health.isFailing("read"));
    }
    assertEquals(openCount, before);
    await readers.close();
    assertEquals(clock.pending, 0);
  },
);

testWith(
  ["initdb"],
  "readers that are closed while a connection is opened for a refused read end that one, too",
  async () => {
    const reachable = Promise.withResolvers<void>();
    const sessions: Session[] = [];
    const { clock, health, readers, read } = await openReaders(async (open) => {
      await reachable.promise;
      const session = await open();
      sessions.push(session);
      return session;
    });
    const refused = assertRejects(read, LedgerBusyError);
    health.lost("read", "the server was silent", clock.monotonicMs());
    clock.advance(databaseWaitMsMax);
    await refused;
    const closed = readers.close();
    reachable.resolve();
    await closed;
    assertEquals(sessions.map(({ isLost }) => isLost), [true]);
  },
);

testWith(
  ["initdb"],
  "backends that are terminated at any moment lose no booking and make none twice",
  async () => {
    await using scene = await openScene();
    const { ledger, postgres, database } = scene;
    const bookings = Array.from({ length: 300 }, (_, index) => bookAtLast(ledger, index + 1));
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '${database}' AND application_name = 'micropay' AND pid <> pg_backend_pid()`;
    const outcomes: string[] = [];
    for (const booking of bookings) {
      if (outcomes.length % 60 === 0) postgres.psql("postgres", end);
      outcomes.push((await booking).outcome);
    }
    assertEquals((await ledger.totals()).entries, 302);
    assertEquals((await ledger.account(alice))?.balance, 700);
    assert(outcomes.every((outcome) => outcome === "booked" || outcome === "repeated"));
  },
);

testWith(
  ["initdb"],
  "PostgreSQL that crashes and starts again has every acknowledged booking",
  async () => {
    const postgres = await TemporaryPostgres.start({ settings: ["fsync = on"] });
    try {
      await using scene = await openScene({ postgres });
      const bookings = Array.from(
        { length: 200 },
        (_, index) => bookAtLast(scene.ledger, index + 1),
      );
      await bookings[0];
      postgres.stop();
      postgres.restart();
      const outcomes = (await Promise.all(bookings)).map(({ outcome }) => outcome);
      assert(outcomes.every((outcome) => outcome === "booked" || outcome === "repeated"));
      assertEquals((await scene.ledger.totals()).entries, 202);
      assertEquals((await scene.ledger.account(alice))?.balance, 800);
    } finally {
      postgres.dispose();
    }
  },
);

testWith(
  ["initdb"],
  "a database that is silent makes every call busy after a while, and is used again afterwards",
  async () => {
    const clock = new AdvancingClock();
    await using scene = await openScene({ clock });
    const { ledger, proxy, events } = scene;
    proxy.hold();
    const refusals = Promise.all([
      assertRejects(() => ledger.book(order(1)), LedgerBusyError),
      assertRejects(() => ledger.account(alice), LedgerBusyError),
    ]);
    const hasDeadline = (delayMs: number) => delayMs > databaseAnswerMsMax / 2;
    await waitUntil(() => clock.delays.filter(hasDeadline).length === 2);
    clock.advance(databaseAnswerMsMax);
    const [booked] = await refusals;
    assertEquals(booked.isUndecided, false);
    await assertRejects(() => ledger.book(order(2)), LedgerBusyError);
    // It is remembered, because a member that is gone must be able to log in again.
    await ledger.takeOffline(alice);
    assertEquals(events, ["lost"]);
    proxy.release();
    // Its caller was told that it is not booked, so it never is.
    assertEquals((await bookAtLast(ledger, 1)).outcome, "booked");
    await bookAtLast(ledger, 2);
    assertEquals((await atLast(() => ledger.totals())).entries, 4);
    assertEquals(events, ["lost", "recovered"]);
  },
);

testWith(["initdb"], "one server without its network does not stop another", async () => {
  await using scene = await openScene();
  const other = await scene.openOther();
  scene.proxy.cut();
  const booking = bookAtLast(scene.ledger, 1);
  assertEquals((await other.book(order(2))).outcome, "booked");
  scene.proxy.restore();
  assertEquals((await booking).outcome, "booked");
});

testWith(["initdb"], "one order at three servers at once is booked once, 200 times", async () => {
  await using scene = await openScene();
  const ledgers = [scene.ledger, await scene.openOther(), await scene.openOther()];
  for (let first = 1; first <= 200; first += 50) {
    const rounds = Array.from({ length: 50 }, async (_, index) => {
      const outcomes = await Promise.all(
        ledgers.map((ledger) => ledger.book(order(first + index))),
      );
      assertEquals(outcomes.map(({ outcome }) => outcome).sort(), [
        "booked",
        "repeated",
        "repeated",
      ]);
      const entries = outcomes.map((outcome) => "entry" in outcome ? outcome.entry : undefined);
      const [{ number, head, leaf } = { number: 0, head: "", leaf: "" }] = entries;
      for (const entry of entries) {
        assertEquals([entry?.number, entry?.head, entry?.leaf], [number, head, leaf]);
      }
    });
    await Promise.all(rounds);
  }
  assertEquals((await scene.ledger.totals()).entries, 202);
});

testWith(
  ["initdb"],
  "of 100 orders for the whole balance at three servers at once, one is booked",
  async () => {
    await using scene = await openScene();
    const ledgers = [scene.ledger, await scene.openOther(), await scene.openOther()];
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ledgers[index % 3]!.book(order(index + 1, 1000))),
    );
    const counts = Object.groupBy(outcomes, ({ outcome }) => outcome);
    assertEquals([counts.booked?.length, counts.bankrupt?.length], [1, 99]);
  },
);

testWith(
  ["initdb"],
  "a full disk refuses a booking, and the next one succeeds",
  async () => {
    await using scene = await openScene();
    const { ledger, postgres, database } = scene;
    const failing = (state: string) =>
      postgres.psql(
        database,
        `CREATE OR REPLACE FUNCTION fail_now() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${state}'; END $$;
      CREATE TRIGGER fail_now BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION fail_now()`,
      );
    failing("53100");
    const error = await assertRejects(() => ledger.book(order(1)));
    assertEquals((error as LedgerBusyError).code as string, "ledger_full");
    postgres.psql(database, "DROP TRIGGER fail_now ON head; DROP FUNCTION fail_now");
    assertEquals((await ledger.book(order(1))).outcome, "booked");
  },
);

testWith(
  ["initdb"],
  "a database with too many connections makes calls busy, and loses nothing",
  async () => {
    const postgres = await sharedPostgres();
    const database = nameOf(await emptyLedger(postgres));
    postgres.psql("postgres", "CREATE ROLE clerk LOGIN");
    postgres.psql(database, "GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk");
    const clock = new AdvancingClock();
    await using scene = await openScene({ clock, user: "clerk" });
    const { ledger, events } = scene;
    const limit = (connections: number) =>
      postgres.psql("postgres", `ALTER ROLE clerk CONNECTION LIMIT ${connections}`);
    limit(0);
    postgres.psql(
      "postgres",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk'",
    );
    const refusal = assertRejects(() => ledger.book(order(1)), LedgerBusyError);
    // The pause after the first failure is shorter. That one may be the end of the old connection.
    const isLaterPause = (delayMs: number) => delayMs > databaseReconnectMsMin && delayMs < 1000;
    await waitUntil(() => clock.delays.some(isLaterPause));
    clock.advance(databaseWaitMsMax);
    assertStringIncludes((await refusal).message, "too many connections");
    limit(-1);
    assertEquals((await bookAtLast(ledger, 2)).outcome, "booked");
    assertEquals((await ledger.totals()).entries, 3);
    assertEquals(events, ["lost", "recovered"]);
  },
);

testWith(["initdb"], "psql cannot change, delete or insert a row of the book", async () => {
  await using scene = await openScene();
  const { ledger, postgres, database } = scene;
  await ledger.book(order(1));
  for (
    const statement of [
      "UPDATE entry SET amount = 2 WHERE number = 3",
      "DELETE FROM entry WHERE number = 3",
      "INSERT INTO entry SELECT 9, 'x', kind, payer, payee, amount, memo, order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature, certificate FROM entry WHERE number = 3",
    ]
  ) {
    await assertRejects(() => Promise.resolve().then(() => postgres.psql(database, statement)));
  }
  assertEquals((await ledger.totals()).entries, 3);
});

testWith(["initdb"], "a ledger that went back to an older copy stops the server", async () => {
  await using scene = await openScene();
  const { ledger } = scene;
  await ledger.book(order(1));
  goBackToEntry2(scene);
  await assertRejects(() => ledger.book(order(2)), LedgerError, "older copy");
});

testWith(
  ["initdb"],
  "a ledger that went back to an older copy stops the server, although another one appended to the copy",
  async () => {
    await using scene = await openScene();
    const { ledger, proxy } = scene;
    await ledger.book(order(1));
    goBackToEntry2(scene);
    const other = await scene.openOther();
    for (const id of [2, 3]) await other.book(order(id));
    proxy.cut();
    proxy.restore();
    await assertRejects(() => ledger.book(order(4)), LedgerError, "older copy");
    assertEquals((await other.book(order(5))).outcome, "booked");
  },
);

testWith(
  ["initdb"],
  "members that leave while a batch waits for the lock go offline with the next batch",
  async () => {
    const clock = new AdvancingClock();
    await using scene = await openScene({ clock });
    const { ledger, postgres, database, proxy, events } = scene;
    const holder = await Session.open(accessTo(postgres.url(database)), { answerMsMax: 60_000 });
    try {
      for (const name of [alice, bob]) await ledger.bringOnline(presenceOf(name, 9, "here"));
      proxy.cut();
      const first = ledger.takeOffline(alice);
      while (events.length === 0) await yieldToEventLoop();
      const second = ledger.takeOffline(bob);
      await holder.query("BEGIN");
      await holder.query("SELECT FROM head FOR UPDATE");
      proxy.restore();
      const waiting = "SELECT FROM pg_locks WHERE NOT granted";
      while ((await holder.query(waiting)).length === 0) await yieldToEventLoop();
      // The wait for the database ends before the batch is late, which began after it.
      clock.advance(clock.delays[0]!);
      // Both are told that they are noted, while the batch waits with alice alone.
      await Promise.all([first, second]);
      await holder.query("ROLLBACK");
      await bookAtLast(ledger, 1);
      assertEquals(await ledger.onlineCount(), 0);
    } finally {
      await holder.close();
    }
  },
);

testWith(
  ["initdb"],
  "a member whose login got no answer to its COMMIT is offline afterwards",
  async () => {
    const clock = new AdvancingClock();
    await using scene = await openScene({ clock });
    const { ledger } = scene;
    await leaveInDoubt(scene, clock, () => ledger.bringOnline(presenceOf(alice, 9, "here")));
    await bookAtLast(ledger, 1);
    assertEquals(await ledger.onlineCount(), 0);
  },
);

testWith(
  ["initdb"],
  "a batch that PostgreSQL cannot notify about is booked with the next connection",
  async () => {
    await using scene = await openScene();
    const { ledger, postgres, database, events } = scene;
    postgres.psql(
      database,
      `CREATE SEQUENCE failures;
      CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('failures') = 1 THEN RAISE EXCEPTION 'no' USING ERRCODE = '54000'; END IF;
        RETURN NEW; END $$;
      CREATE TRIGGER fail_once BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION fail_once()`,
    );
    try {
      assertEquals((await ledger.book(order(1))).outcome, "booked");
      assertEquals(events, ["lost", "recovered"]);
    } finally {
      const drop = "DROP TRIGGER fail_once ON head; DROP FUNCTION fail_once";
      postgres.psql(database, `${drop}; DROP SEQUENCE failures`);
    }
  },
);

testWith(
  ["initdb"],
  "a ledger that is closed waits for the batch of another server, and then takes its members offline",
  async () => {
    await using scene = await openScene();
    const { ledger, postgres, database } = scene;
    const other = await scene.openOther();
    const holder = await Session.open(accessTo(postgres.url(database)), { answerMsMax: 60_000 });
    const change = (name: string) =>
      holder.query("UPDATE client SET balance = balance WHERE username = $1", [name]);
    try {
      for (const name of [alice, bob]) await ledger.bringOnline(presenceOf(name, 9, "here"));
      await holder.query("BEGIN");
      await holder.query("SELECT FROM head FOR UPDATE");
      await change(bob);
      const closing = ledger.close();
      const waiting = "SELECT FROM pg_locks WHERE NOT granted";
      while ((await holder.query(waiting)).length === 0) await yieldToEventLoop();
      await change(alice);
      await holder.commit();
      await closing;
      assertEquals(await other.onlineCount(), 0);
    } finally {
      await holder.close();
    }
  },
);

testWith(
  ["initdb"],
  "connections that wait for a lock that somebody holds are ended by PostgreSQL, and do not collect",
  async () => {
    await using scene = await openScene({ lockMsMax: 100 });
    const { ledger, postgres, database, events } = scene;
    const holder = await Session.open(accessTo(postgres.url(database)), { answerMsMax: 60_000 });
    const waiting = async () =>
      (await holder.query("SELECT pid::bigint FROM pg_locks WHERE NOT granted"))
        .map(({ pid }) => pid);
    try {
      await holder.query("BEGIN");
      await holder.query("SELECT FROM head FOR UPDATE");
      const booking = bookAtLast(ledger, 1);
      let found: unknown[] = [];
      const untilOther = (first?: unknown) =>
        waitUntil(async () => {
          found = await waiting();
          return found.length > 0 && found[0] !== first;
        });
      await untilOther();
      await untilOther(found[0]);
      assertEquals(found.length, 1);
      await holder.commit();
      assertEquals((await booking).outcome, "booked");
      assertEquals(events, ["lost", "recovered"]);
    } finally {
      await holder.close();
    }
  },
);
