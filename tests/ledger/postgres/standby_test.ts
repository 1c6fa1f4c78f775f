/** A ledger whose primary has a synchronous standby, with the set-up of `examples/postgres`. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LedgerBusyError } from "../../../src/errors.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import type { DatabaseEvent } from "../../../src/ledger/postgres/database_health.ts";
import { parseDatabaseUrl } from "../../../src/ledger/postgres/database_url.ts";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import {
  databaseAnswerMsMax,
  databaseReconnectMsMax,
  databaseWaitMsMax,
} from "../../../src/limits.ts";
import { systemRandom } from "../../../src/random.ts";
import { yieldToEventLoop } from "../../../src/yield_to_event_loop.ts";
import { testWith } from "../../installed_tool.ts";
import { alice, bob, ledgerId, payment, registration } from "../ledger_samples.ts";
import { waitUntil } from "../../server/wait_until.ts";
import { AdvancingClock } from "./advancing_clock.ts";
import { type Machine, ReplicatedPostgres } from "./replicated_postgres.ts";

testWith(
  ["initdb", "openssl"],
  "a booking is answered when the standby has it, and none is lost with the primary",
  async (context) => {
    using machines = ReplicatedPostgres.start();
    const { db1, db2 } = machines;
    const clock = new AdvancingClock();
    const events: DatabaseEvent["kind"][] = [];
    const open = async (role: string) => {
      const ledger = await openPostgresLedger({
        access: {
          url: parseDatabaseUrl(machines.url(role)),
          passwordOf: () =>
            Deno.readTextFileSync(`${machines.folder}/keys/micropay_${role}.password`).trim(),
          clock,
        },
        ledgerId,
        random: systemRandom,
        report: ({ kind }) => events.push(kind),
      });
      return ledger;
    };
    await (await open("owner")).close();
    db1.psqlFile("ledger", "rights.sql");
    // PostgreSQL tells by a warning that a COMMIT did not wait for the standby.
    db1.psql("postgres", "ALTER ROLE micropay_server SET client_min_messages = error");
    const ledger = await open("server");
    const other = await open("server");
    const steps = { sanitizeOps: false, sanitizeResources: false };
    try {
      await ledger.register(registration(alice, 1000));
      await ledger.register(registration(bob, 1000));

      await context.step({
        ...steps,
        name:
          "while the standby is down no booking is answered, also not after the primary started again",
        fn: async () => {
          db2.kill();
          const first = isBusy(ledger.book(order(1)));
          await waitsForStandby(db1);
          db1.kill();
          db1.start();
          const second = isBusy(other.book(order(1)));
          await waitsForStandby(db1);
          clock.advance(databaseAnswerMsMax);
          assertEquals([await first, await second], [true, true]);
          db2.start();
          assertEquals(await bookAtLast(ledger, 1), "repeated");
          assertEquals(await bookAtLast(other, 1), "repeated");
        },
      });

      await context.step({
        ...steps,
        name:
          "a booking whose wait for the standby is cancelled is not answered before the standby has it",
        fn: async () => {
          db2.kill();
          let isAnswered = false;
          const booking = bookAtLast(ledger, 2).finally(() => isAnswered = true);
          const waiting = await waitsForStandby(db1);
          // It waits for no standby, so it does not keep a connection meanwhile.
          const passed = { to: "there", from: "here", connection: "A".repeat(22), number: 1 };
          assertEquals(await ledger.relayStore()!.send({ ...passed, isEnd: false }), true);
          db1.psql("ledger", `SELECT pg_cancel_backend(${waiting})`);
          // The same booking waits again, in a new transaction.
          await waitsForStandby(db1, waiting);
          assertEquals(isAnswered, false);
          db2.start();
          assertMatch(await booking, /^(booked|repeated)$/);
        },
      });

      await context.step({
        ...steps,
        name: "with the standby promoted, all answered bookings are there, and the servers go on",
        fn: async () => {
          let [next, answered] = [10, 0];
          const enough = Promise.withResolvers<void>();
          const book = async (at: Ledger) => {
            while (next < 410) {
              const outcome = await bookAtLast(at, next++);
              assert(outcome === "booked" || outcome === "repeated");
              if (++answered === 100) enough.resolve();
            }
          };
          const all = Promise.all(
            Array.from({ length: 8 }, (_, at) => book([ledger, other][at % 2]!)),
          );
          await enough.promise;
          db1.kill();
          const before = answered;
          db2.promote();
          assert(entriesAt(db2) >= before + 4);
          // It has no standby of its own yet.
          db2.psql(
            "postgres",
            "ALTER SYSTEM SET synchronous_standby_names = ''",
            "SELECT pg_reload_conf()",
          );
          await all;
          assertEquals(entriesAt(db2), 404);
          assertEquals((await ledger.account(alice))?.balance, 598);
        },
      });

      await context.step({
        ...steps,
        name: "an old primary that is back gets no booking and no read, whoever starts then",
        fn: async () => {
          db1.start();
          const old = entriesAt(db1);
          events.length = 0;
          const third = await open("server");
          assertEquals(events, ["unprotected"]);
          db2.psql(
            "postgres",
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE usename = 'micropay_server'`,
          );
          for (const [at, one] of [ledger, other, third].entries()) {
            assertEquals(await bookAtLast(one, 1000 + at), "booked");
            assertEquals((await one.totals()).entries, 405 + at);
          }
          assertEquals(entriesAt(db1), old);
          await third.close();
          db2.kill();
          const refused = [isBusy(ledger.totals()), isBusy(ledger.book(order(2000)))];
          // By then each has tried the old primary several times.
          const isLastPause = (delayMs: number) =>
            delayMs > 500 && delayMs <= databaseReconnectMsMax;
          await waitUntil(() => clock.delays.filter(isLastPause).length === 2);
          clock.advance(databaseWaitMsMax);
          assertEquals(await Promise.all(refused), [true, true]);
          assertEquals(entriesAt(db1), old);
        },
      });

      await context.step({
        ...steps,
        name: "the old primary becomes the standby, for which bookings wait again",
        fn: async () => {
          db2.start();
          db1.kill();
          db1.follow(db2);
          db1.start();
          // The primary goes on alone so far, and its new standby has not taken that over.
          assertEquals(
            db1.psql("postgres", "SHOW synchronous_standby_names"),
            "ANY 1 (db1, db2)",
          );
          db2.psql(
            "postgres",
            "ALTER SYSTEM RESET synchronous_standby_names",
            "SELECT pg_reload_conf()",
          );
          await bookAtLast(ledger, 3000);
          db2.kill();
          db1.promote();
          assertEquals(
            db1.psql("ledger", `SELECT count(*) FROM entry WHERE id = '${order(3000).id}'`),
            "1",
          );
        },
      });
      db1.psql(
        "postgres",
        "ALTER SYSTEM SET synchronous_standby_names = ''",
        "SELECT pg_reload_conf()",
      );
    } finally {
      await ledger.close();
      await other.close();
    }
  },
);

function order(id: number) {
  return payment([alice, bob], 1, { id });
}

async function isBusy(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (error instanceof LedgerBusyError) return true;
    throw error;
  }
}

async function bookAtLast(ledger: Ledger, id: number): Promise<string> {
  for (;;) {
    const booking = ledger.book(order(id));
    if (!await isBusy(booking)) return (await booking).outcome;
    // A lost database refuses at once.
    await yieldToEventLoop();
  }
}

function entriesAt(machine: Machine): number {
  return Number(machine.psql("ledger", "SELECT count(*) FROM entry"));
}

/** Returns the process of a transaction that waits for the standby, other than that one. */
async function waitsForStandby(machine: Machine, other = "0"): Promise<string> {
  for (;;) {
    const pid = machine.psql(
      "ledger",
      `SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid <> ${other} LIMIT 1`,
    );
    if (pid !== "") return pid;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
