/** The decisions of several servers on one database: each server tells all of them once. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { LedgerBusyError } from "../../../src/errors.ts";
import type { Decision, FollowOptions, Ledger } from "../../../src/ledger/ledger.ts";
import { DatabaseHealth } from "../../../src/ledger/postgres/database_health.ts";
import { openSession } from "../../../src/ledger/postgres/identify_database.ts";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import type { Session } from "../../../src/ledger/postgres/session.ts";
import { SharedDecisions } from "../../../src/ledger/postgres/shared_decisions.ts";
import { sql } from "../../../src/ledger/postgres/statements.ts";
import { decisionsReadAtOnce, ledgerWatchMs, ownBatchesHeldMax } from "../../../src/limits.ts";
import { systemRandom } from "../../../src/random.ts";
import { testWith } from "../../installed_tool.ts";
import { ManualClock } from "../../manual_clock.ts";
import { waitUntil } from "../../server/wait_until.ts";
import {
  alice,
  bob,
  certificateOf,
  ledgerId,
  noonMs,
  payment,
  registration,
} from "../ledger_samples.ts";
import { AdvancingClock } from "./advancing_clock.ts";
import { DatabaseProxy } from "./database_proxy.ts";
import { accessTo, emptyLedger, nameOf, sharedPostgres } from "./temporary_postgres.ts";

testWith(
  ["initdb"],
  "each of three servers tells all decisions of all three once, in the order of the commits, its own with their cause",
  async () => {
    await using scene = await openScene();
    const followers = [scene.first, await scene.open(), await scene.open()].map(follow);
    const ids = Array.from({ length: 120 }, (_, at) => at + 1);
    await Promise.all(ids.map((id) => {
      const { ledger } = followers[id % 3]!;
      return id % 10 === 0 ? ledger.voidOrder(voidingOf(id)) : ledger.book(order(id));
    }));
    for (const [at, { told }] of followers.entries()) {
      await waitUntil(() => told.length >= ids.length);
      const numbers = numbersOf(told);
      assertEquals(numbers, ids.slice(0, 108).map((number) => number + 2), "entries in order");
      const own = told.filter(({ cause }) => cause !== undefined);
      assertEquals(own.length, 40);
      assert(own.every(({ cause }) => Number(cause!.id.slice(-3)) % 3 === at));
      const refused = told.filter((decision) => "voided" in decision);
      assertEquals(new Set(refused.map(({ voided }) => voided.digest)).size, 12);
      assertEquals(told.length, ids.length, "each once");
    }
  },
);

testWith(
  ["initdb"],
  "when the connections for notifications are terminated, every decision still comes once and in order",
  async () => {
    await using scene = await openScene();
    const followers = [scene.first, await scene.open()].map(follow);
    const connections = (select: string) =>
      Number(scene.psql(
        `SELECT count(${select}) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'micropay decisions'`,
      ));
    const terminate = () => connections("pg_terminate_backend(pid)");
    for (let id = 1; id <= 4; id++) {
      await followers[id % 2]!.ledger.book(order(id));
      terminate();
    }
    await waitUntil(() => connections("pid") === 2);
    assertEquals(terminate(), 2);
    await followers[0]!.ledger.book(order(5));
    for (const { told } of followers) {
      await waitUntil(() => told.length >= 5);
      assertEquals(numbersOf(told), [3, 4, 5, 6, 7]);
    }
  },
);

for (const isAnswered of [true, false]) {
  const what = isAnswered ? "is confirmed later" : "nobody waits for any more";
  testWith(
    ["initdb"],
    `a decision whose COMMIT was not answered and ${what} is told once`,
    async () => {
      await using scene = await openScene();
      const proxy = new DatabaseProxy(scene.port);
      try {
        const clock = new AdvancingClock();
        const ledger = await scene.open({ port: proxy.port, clock });
        const [here, there] = [follow(ledger), follow(scene.first)];
        await ledger.book(order(1));
        const lost = proxy.cutAt("COMMIT", { isPassed: true });
        const booking = ledger.book(order(2));
        await lost;
        if (isAnswered) {
          assertEquals((await booking).outcome, "booked");
        } else {
          proxy.cut();
          let isRefused = false;
          const refusal = assertRejects(() => booking, LedgerBusyError)
            .finally(() => isRefused = true);
          await waitUntil(() => {
            clock.advance(100);
            return isRefused;
          });
          assert((await refusal).isUndecided);
          proxy.restore();
        }
        await scene.first.book(order(3));
        for (const { told } of [here, there]) {
          await waitUntil(() => told.length >= 3);
          assertEquals(numbersOf(told), [3, 4, 5]);
        }
        const causes = here.told.map(({ cause }) => cause !== undefined);
        // A try under way when nobody waits any more may still find its own batch.
        assertEquals(causes, [true, isAnswered || causes[1], false]);
      } finally {
        await proxy[Symbol.asyncDispose]();
      }
    },
  );
}

testWith(
  ["initdb"],
  "an engine without notifications finds any number of decisions a second later, and reads in full only those that are wanted",
  async () => {
    await using scene = await openScene();
    const clock = new ManualClock();
    const queries: string[] = [];
    const reader = readerOf(clock, async () => {
      const session = await openSession(accessTo(scene.url), { answerMsMax: 60_000 });
      const query = session.query.bind(session);
      session.query = (text, parameters) => {
        queries.push(text);
        return text === sql.listen
          ? Promise.reject(new Error("no LISTEN"))
          : query(text, parameters);
      };
      return session;
    });
    try {
      const told: Decision[] = [];
      let isWanted = false;
      const options: FollowOptions = { isFor: (name) => isWanted && name === bob };
      reader.follow((some) => Promise.resolve(void told.push(...some)), options);
      await scene.first.book(order(1));
      await look(clock);
      assertEquals([told.length, queries.includes(sql.entries)], [0, false]);
      isWanted = true;
      const count = decisionsReadAtOnce + 1;
      const orders = Array.from({ length: count }, (_, at) => order(at + 2));
      await Promise.all(orders.map((one) => scene.first.book(one)));
      await look(clock);
      assertEquals(numbersOf(told), orders.map((_, at) => at + 4));
    } finally {
      await reader.close();
    }
  },
);

testWith(
  ["initdb"],
  "own batches that wait in great number for a lost database connection are read from the database later",
  async () => {
    await using scene = await openScene();
    const clock = new ManualClock();
    let isLost = true;
    const reader = readerOf(
      clock,
      () =>
        isLost
          ? Promise.reject(new Error("the connection is lost"))
          : openSession(accessTo(scene.url), { answerMsMax: 60_000 }),
    );
    try {
      const told: Decision[] = [];
      reader.follow((some) => Promise.resolve(void told.push(...some)));
      // What another server decides first has to be told first.
      const count = 1 + ownBatchesHeldMax + 1;
      for (let id = 1; id <= count; id++) {
        await scene.first.book(order(id));
        if (id === 1) continue;
        reader.begin({ number: id + 1, voidNumber: 0 });
        reader.committed({ number: id + 2, voidNumber: 0 });
      }
      assertEquals(told, []);
      isLost = false;
      await look(clock);
      assertEquals(numbersOf(told), Array.from({ length: count }, (_, at) => at + 3));
    } finally {
      await reader.close();
    }
  },
);

testWith(
  ["initdb"],
  "many decisions of other servers after an own batch in doubt wait for its end, and the database is not asked meanwhile",
  async () => {
    await using scene = await openScene();
    const clock = new ManualClock();
    let placeCount = 0;
    const reader = readerOf(clock, async () => {
      const session = await openSession(accessTo(scene.url), { answerMsMax: 60_000 });
      const query = session.query.bind(session);
      session.query = (text, parameters) => {
        if (text === sql.place) placeCount++;
        return query(text, parameters);
      };
      return session;
    });
    try {
      const told: Decision[] = [];
      reader.follow((some) => Promise.resolve(void told.push(...some)));
      await waitUntil(() => clock.pending === 1);
      reader.begin({ number: 3, voidNumber: 0 });
      const ids = Array.from({ length: decisionsReadAtOnce + 2 }, (_, at) => at + 1);
      await Promise.all(ids.map((id) => scene.first.book(order(id))));
      await look(clock);
      const before = placeCount;
      await look(clock);
      assertEquals([placeCount - before, numbersOf(told)], [1, [3]]);
      reader.ended();
      await waitUntil(() => told.length === ids.length);
      assertEquals(numbersOf(told), ids.map((id) => id + 2));
    } finally {
      await reader.close();
    }
  },
);

/** Decisions of a ledger with two accounts, as a further server reads them. */
function readerOf(clock: Clock, open: () => Promise<Session>): SharedDecisions {
  return new SharedDecisions({
    ...{ clock, open, health: new DatabaseHealth({ clock, report: () => {} }), writer: "reader" },
    isCurrent: () => true,
    start: { number: 2, voidNumber: 0 },
    onFailure: (failure) => {
      throw failure;
    },
  });
}

/** Lets the time come when decisions are looked for, and waits until they are told. */
async function look(clock: ManualClock): Promise<void> {
  await waitUntil(() => clock.pending === 1);
  clock.advance(ledgerWatchMs);
  await waitUntil(() => clock.pending === 1);
}

interface Scene extends AsyncDisposable {
  readonly first: Ledger;
  readonly url: string;
  readonly port: number;
  open(options?: { readonly port?: number; readonly clock?: Clock }): Promise<Ledger>;
  psql(statement: string): string;
}

/** An empty ledger with alice's 10,000 and bob's account. */
async function openScene(): Promise<Scene> {
  const postgres = await sharedPostgres();
  const url = await emptyLedger(postgres);
  const opened: Ledger[] = [];
  const open: Scene["open"] = async ({ port = postgres.port, clock = systemClock } = {}) => {
    const access = { ...accessTo(url.replace(/:\d+\//, `:${port}/`)), clock };
    const ledger = await openPostgresLedger({ access, ledgerId, random: systemRandom });
    opened.push(ledger);
    return ledger;
  };
  const first = await open();
  await first.register(registration(alice, 10_000));
  await first.register(registration(bob, 1));
  return {
    ...{ first, url, port: postgres.port, open },
    psql: (statement) => postgres.psql(nameOf(url), statement),
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one.close();
    },
  };
}

interface Follower {
  readonly ledger: Ledger;
  readonly told: Decision[];
}

function follow(ledger: Ledger): Follower {
  const told: Decision[] = [];
  ledger.follow((some) => Promise.resolve(void told.push(...some)));
  return { ledger, told };
}

function numbersOf(told: readonly Decision[]): number[] {
  return told.flatMap((decision) => "entry" in decision ? [decision.entry.number] : []);
}

function order(id: number) {
  return payment([alice, bob], 1, { id });
}

function voidingOf(id: number) {
  const { id: orderId, orderDigest: digest, exp } = order(id);
  const { fingerprint: certificate } = certificateOf(alice);
  const expiresAtMs = exp * 1000;
  return { id: orderId, digest, payer: alice, certificate, expiresAtMs, code: 265, atMs: noonMs };
}
