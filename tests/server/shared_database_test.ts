/** Two servers in this process on one ledger in PostgreSQL, and their members. */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../src/client/server_link.ts";
import { openPostgresLedger } from "../../src/ledger/postgres/open_postgres_ledger.ts";
import { ledgerWatchMs, serverAbsenceMsMax, serverHeartbeatMs } from "../../src/limits.ts";
import type { Ending } from "../../src/operator/ending.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { listRequestType } from "../../src/protocol/list.ts";
import { locateRequestType } from "../../src/protocol/locate.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { oneTimeCodeDigest } from "../../src/protocol/register.ts";
import { check } from "../../src/protocol/request_type.ts";
import {
  paymentsShape,
  paymentType,
  resultsShape,
  resultType,
} from "../../src/protocol/transfer.ts";
import { systemRandom } from "../../src/random.ts";
import { testWith } from "../installed_tool.ts";
import { accessTo, nameOf, sharedPostgres } from "../ledger/postgres/temporary_postgres.ts";
import { ManualClock } from "../manual_clock.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { orderPayload, signPayload } from "./order_maker.ts";
import { submitOrder } from "./submit_order.ts";
import { makeAuthority, named, startServer, type TestServer } from "./test_server.ts";
import { waitUntil } from "./wait_until.ts";

const [alice, bob] = [named("alice"), named("bob")];

testWith(
  ["initdb"],
  "shared database: a payment at one server is pushed once and in order to a member at another, also when the connections for notifications are terminated",
  async () => {
    await using scene = await openScene();
    const [here, there] = scene.servers;
    const [payer, payee] = [await here.enroll("alice"), await here.enroll("bob")];
    const aliceHere = await listen(await here.link(payer));
    const bobThere = await listen(await there.link(payee));
    const orders = Array.from({ length: 8 }, (_, at) => orderOf(here, payer, at + 1));
    for (const [at, order] of orders.entries()) {
      // Its payer submits one half, and its payee at the other server the other half.
      const { link } = at % 2 === 0 ? aliceHere : bobThere;
      assertEquals((await submitOrder(link, order)).outcome, "answered");
      if (at % 3 === 0) scene.terminateNotifications();
    }
    await submitOrder(bobThere.link, orderOf(here, payer, 10_001));
    await waitUntil(() => bobThere.paid.length >= 4 && aliceHere.codes.length >= 5);
    // A push that came twice would come before the last one.
    const last = orderOf(here, payer, 100);
    assertEquals((await submitOrder(aliceHere.link, last)).outcome, "answered");
    await waitUntil(() => bobThere.paid.includes(last));
    assertEquals(bobThere.paid, [...orders.filter((_, at) => at % 2 === 0), last]);
    assertEquals(aliceHere.codes, [130, 130, 130, 130, 270]);
    assertEquals([aliceHere.paid, bobThere.codes], [[], []]);
  },
);

testWith(
  ["initdb"],
  "shared database: a member is listed and located from each server, a login at a second one gets 230, and a dead server's members are offline within 15 seconds",
  async () => {
    const clock = new ManualClock(Date.now());
    await using scene = await openScene(clock);
    const [here, there] = scene.servers;
    const [a, b] = [await here.enroll("alice"), await here.enroll("bob")];
    const asking = await here.link(a);
    const link = await there.link(b);
    await link.ask(loginRequestType, { name: bob, port: 7, host: "192.0.2.1" });
    const located = await asking.ask(locateRequestType, { name: bob });
    assert(located.outcome === "answered");
    assertEquals(located.answer, { name: bob, ip: "192.0.2.1", port: 7 });

    const second = (await here.link(b)).ask(loginRequestType, { name: bob, port: 8 });
    let refused: Awaited<typeof second> | undefined;
    second.then((outcome) => refused = outcome);
    await waitUntil(async () => (await there.ledger.presence(bob))?.leave === "asked");
    clock.advance(ledgerWatchMs);
    await waitUntil(async () => (await there.ledger.presence(bob))?.leave === undefined);
    // Its server asked it for a sign of life, and it answered. Now the login looks again.
    await waitUntil(() => {
      clock.advance(50);
      return refused !== undefined;
    });
    assertEquals(refused?.outcome === "refused" && refused.code, 230);

    await here.ledger.attend("dead");
    const dead = { name: alice, host: "192.0.2.2", publicPort: 1, privatePort: 1, server: "dead" };
    assertEquals((await here.ledger.bringOnline(dead)).outcome, "online");
    assertEquals(await onlineAt(link), ["alice", "bob"]);
    // The database's clock says how long a server was silent, so the test turns its row back.
    assert(serverAbsenceMsMax + serverHeartbeatMs + ledgerWatchMs <= 15_000);
    scene.psql(
      `UPDATE server SET seen_at = seen_at - interval '${serverAbsenceMsMax} milliseconds'
        WHERE id = 'dead'`,
    );
    await waitUntil(async () => {
      clock.advance(50);
      return await there.ledger.presence(alice) === undefined;
    });
    assertEquals([await onlineAt(link), await onlineAt(asking)], [["bob"], ["bob"]]);
  },
);

testWith(
  ["initdb"],
  "shared database: a revocation and a closure end the sessions at every server within 2 seconds",
  async () => {
    const clock = new ManualClock(Date.now());
    await using scene = await openScene(clock);
    const [here, there] = scene.servers;
    const members = [await here.enroll("alice"), await here.enroll("bob")];
    const codeDigest = oneTimeCodeDigest("7K2M-9QXD-4T0B-ZH5N");
    const endings: Ending[] = [
      { kind: "revocation", name: alice, codeDigest },
      { kind: "closure", name: bob },
    ];
    for (const [at, ending] of endings.entries()) {
      const links = [await here.link(members[at]!), await there.link(members[at]!)];
      for (const link of links) await link.ask(balanceRequestType, {});
      await here.end(ending);
      // Each server has a look planned at most one interval ahead.
      const isPlanned = () => clock.delays.filter((ms) => ms <= ledgerWatchMs).length >= 4;
      await waitUntil(isPlanned, "the next looks to be planned");
      clock.advance(2000);
      await Promise.all(links.map(({ closed }) => closed));
    }
    for (const { events } of scene.servers) {
      assertEquals(events.all.filter(({ kind }) => kind === "dismissed").length, 2);
    }
  },
);

interface Scene extends AsyncDisposable {
  readonly servers: readonly [TestServer, TestServer];
  psql(statement: string): string;
  terminateNotifications(): void;
}

async function openScene(clock?: ManualClock): Promise<Scene> {
  const authority = makeAuthority();
  const postgres = await sharedPostgres();
  const url = postgres.makeDatabase();
  const network = new MemoryNetwork();
  const start = async () => {
    const ledger = await openPostgresLedger({
      access: accessTo(url),
      ledgerId: authority.anchor.fingerprint,
      random: systemRandom,
    });
    return await startServer({ authority, ledger, network, ...(clock && { clock }) });
  };
  const servers = [await start(), await start()] as const;
  const psql = (statement: string) => postgres.psql(nameOf(url), statement);
  return {
    servers,
    psql,
    terminateNotifications: () => {
      psql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'micropay decisions'`);
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

function orderOf(server: TestServer, payer: Identity, amount: number): string {
  return signPayload(orderPayload(payer, server.anchor, { amount }), payer);
}

async function onlineAt(link: ServerLink): Promise<string[]> {
  const listed = await link.ask(listRequestType, {});
  assert(listed.outcome === "answered");
  return listed.answer.online.map(({ name }) => name);
}

/** Collects the orders of the payments and the codes of the results that a link is pushed. */
async function listen(link: ServerLink) {
  const [paid, codes]: [string[], number[]] = [[], []];
  link.listen(resultType, (body) => {
    codes.push(...check(resultsShape, body, "read results").results.map(({ code }) => code));
  });
  link.listen(paymentType, (body) => {
    const { payments } = check(paymentsShape, body, "read payments");
    paid.push(...payments.map(({ order }) => order));
  });
  await link.ask(balanceRequestType, {});
  return { link, paid, codes };
}
