/** Relayed connections between members at two servers of one ledger. */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../src/client/server_link.ts";
import { relayEveryMs, relaysAtOnce, relayWatchMs } from "../../src/limits.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import {
  relayDataRequestType,
  relayedDataType,
  relayedEndType,
  relayedType,
  relayEndRequestType,
  relayRequestType,
} from "../../src/protocol/relay.ts";
import type { Outcome } from "../../src/protocol/request_type.ts";
import { makeNonce, systemRandom } from "../../src/random.ts";
import { memberOf } from "../client/test_member.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { ManualClock } from "../manual_clock.ts";
import { EventLog } from "./event_log.ts";
import { keepOpen } from "./kept_ledger.ts";
import { payByRelay } from "./pay_by_relay.ts";
import { makeAuthority, named, startServer, type TestServer } from "./test_server.ts";
import { waitUntil } from "./wait_until.ts";

interface Pushed {
  readonly type: string;
  readonly data?: unknown;
}

/** A connection to one server, and what it is pushed of relayed connections. */
interface End {
  readonly link: ServerLink;
  readonly pushed: EventLog<Pushed>;
}

interface Scene {
  readonly here: TestServer;
  readonly there: TestServer;
  /** Alice, at the one server. */
  readonly payer: End;
  /** Bob, who is online at the other server and takes relayed connections. */
  readonly payee: End;
  /** Asks for a connection to somebody, and returns its name. */
  readonly open: (name?: string) => Promise<string>;
}

async function relaying(act: (scene: Scene) => Promise<void>): Promise<void> {
  const authority = makeAuthority();
  const ledgerId = authority.anchor.fingerprint;
  const ledger = keepOpen(new MemoryLedger({ ledgerId, relays: true, nowMs: Date.now }));
  await using here = await startServer({ authority, ledger });
  await using there = await startServer({ authority, ledger });
  const payer = listen(await here.link(await here.enroll("alice")));
  const payee = listen(await there.link(await here.enroll("bob")));
  await payee.link.ask(loginRequestType, { name: named("bob"), port: 1, relay: true });
  const open = async (name = "bob") => {
    const connection = makeNonce(systemRandom);
    const outcome = await payer.link.ask(relayRequestType, { name: named(name), connection });
    assertEquals(codeOf(outcome), undefined);
    return connection;
  };
  await act({ here, there, payer, payee, open });
}

function listen(link: ServerLink): End {
  const pushed = new EventLog<Pushed>((push) => JSON.stringify(push));
  for (const type of [relayedType, relayedDataType, relayedEndType]) {
    link.listen(type, ({ data }) => pushed.add({ type, ...(data !== undefined && { data }) }));
  }
  return { link, pushed };
}

function codeOf(outcome: Outcome<object>): number | undefined {
  return outcome.outcome === "refused" ? outcome.code : undefined;
}

/** Sends bytes as a client does: again while the relay is busy. */
async function send({ link }: End, connection: string, data: string): Promise<number | undefined> {
  for (;;) {
    const code = codeOf(await link.ask(relayDataRequestType, { connection, data }));
    if (code !== 421) return code;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("relay: bytes to a member at another server come in order and in both directions, and so does the end", async () => {
  await relaying(async ({ payer, payee, open }) => {
    const connection = await open();
    await payee.pushed.until(({ type }) => type === relayedType);
    const lines = ["one\ntw", "o\n", "three\n"];
    for (const line of lines) assertEquals(await send(payer, connection, line), undefined);
    await payee.pushed.until(({ data }) => data === "three\n");
    assertEquals(await send(payee, connection, "back\n"), undefined);
    await payer.pushed.until(({ data }) => data === "back\n");
    await send(payer, connection, "last\n");
    // It joins the bytes that are on their way.
    await payer.link.ask(relayEndRequestType, { connection });
    await payee.pushed.until(({ type }) => type === relayedEndType);
    assertEquals(payee.pushed.all, [
      { type: relayedType },
      ...[...lines, "last\n"].map((data) => ({ type: relayedDataType, data })),
      { type: relayedEndType },
    ]);
    assertEquals(await send(payee, connection, "late\n"), 400);
  });
});

Deno.test("relay: when a side's connection ends, or its server stops, the other end at another server is told", async () => {
  await relaying(async ({ payer, payee, open, there, here }) => {
    await open();
    await payee.pushed.until(({ type }) => type === relayedType);
    await payee.link.end();
    await payer.pushed.until(({ type }) => type === relayedEndType);
    const carol = listen(await there.link(await here.enroll("carol")));
    await carol.link.ask(loginRequestType, { name: named("carol"), port: 1, relay: true });
    await open("carol");
    await carol.pushed.until(({ type }) => type === relayedType);
    await there.server.stop();
    await payer.pushed.until(() =>
      payer.pushed.all.filter(({ type }) => type === relayedEndType).length === 2
    );
  });
});

Deno.test("relay: a member at another server that takes no relayed connections ends them, and a third member can use none", async () => {
  await relaying(async ({ here, there, payer, payee, open }) => {
    const connection = await open();
    await payee.pushed.until(({ type }) => type === relayedType);
    const carol = listen(await there.link(await here.enroll("carol")));
    assertEquals(await send(carol, connection, "hers\n"), 400);
    assertEquals(codeOf(await carol.link.ask(relayEndRequestType, { connection })), 400);
    await carol.link.ask(loginRequestType, { name: named("carol"), port: 1 });
    await open("carol");
    await payer.pushed.until(({ type }) => type === relayedEndType);
    assertEquals(carol.pushed.all, []);
  });
});

Deno.test("relay: a member that asks several servers opens no more connections to members of another one than by asking one", async () => {
  const authority = makeAuthority();
  const clock = new ManualClock(Date.now());
  const nowMs = () => clock.nowMs();
  const ledger = keepOpen(
    new MemoryLedger({ ledgerId: authority.anchor.fingerprint, relays: true, nowMs }),
  );
  const start = () => startServer({ authority, ledger, clock, userLimit: 9 });
  await using here = await start();
  await using elsewhere = await start();
  await using there = await start();
  const [alice, bob] = [await here.enroll("alice"), await here.enroll("bob")];
  const payee = listen(await there.link(bob));
  const name = named("bob");
  await payee.link.ask(loginRequestType, { name, port: 1, relay: true });
  const links = [await here.link(alice), await elsewhere.link(alice)];
  const waiting = () => ledger.relayStore()!.receive(there.server.id, []);
  const startMs = clock.monotonicMs();
  let asked = 0;
  for (let round = 0; round < 10; round++) {
    // Few at once, because the payee's server opens none while its pushes are not written.
    for (const link of [...links, ...links, ...links]) {
      const connection = makeNonce(systemRandom);
      const outcome = await link.ask(relayRequestType, { name, connection });
      assertEquals(codeOf(outcome), undefined);
      await link.ask(relayEndRequestType, { connection });
      asked++;
    }
    await waitUntil(async () => {
      clock.advance(relayWatchMs);
      return (await waiting()).length === 0;
    });
    await payee.link.ask(balanceRequestType, {});
  }
  const opened = payee.pushed.all.filter(({ type }) => type === relayedType).length;
  const openedMax = relaysAtOnce + (clock.monotonicMs() - startMs) / relayEveryMs;
  assert(openedMax < asked, `at most ${openedMax} of ${asked}`);
  assert(relaysAtOnce <= opened && opened <= openedMax, `${opened}, at most ${openedMax}`);
});

Deno.test("relay: a payee at another server that nobody can dial is paid through both servers", async () => {
  await relaying(async ({ here, there }) => {
    const payer = await memberOf(here, await here.enroll("dave"));
    const payee = await memberOf(there, await here.enroll("erin"));
    try {
      await payByRelay(payer, payee);
    } finally {
      await payer.abandon();
      await payee.abandon();
    }
  });
});
