/**
 * The relay at the server: who may use a relayed connection, and how much of it.
 */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../../src/client/server_link.ts";
import { systemClock } from "../../../src/clock.ts";
import {
  relayedConnectionsMax,
  relayedMessagesAtOnce,
  relayedUnwrittenMax,
  relaysAtOnce,
  sendQueueMessagesMax,
} from "../../../src/limits.ts";
import { loginRequestType } from "../../../src/protocol/login.ts";
import {
  relayDataRequestType,
  relayedDataType,
  relayedEndType,
  relayedType,
  relayEndRequestType,
  relayRequestType,
} from "../../../src/protocol/relay.ts";
import type { Outcome } from "../../../src/protocol/request_type.ts";
import { makeNonce, systemRandom } from "../../../src/random.ts";
import { relayDataRoute, relayEndRoute, relayRoute } from "../../../src/server/handlers/relay.ts";
import { localEnd, Relays } from "../../../src/server/relays.ts";
import type { Push, Session } from "../../../src/server/session/session.ts";
import { EventLog } from "../event_log.ts";
import { named, startServer, type TestServer, type TestServerOptions } from "../test_server.ts";

interface Pushed {
  readonly type: string;
  readonly connection: unknown;
  readonly data: unknown;
}

interface Scene {
  readonly server: TestServer;
  /** Of alice, who asks for connections. */
  readonly payer: ServerLink;
  /** Of bob, who is online and takes them. */
  readonly payee: ServerLink;
  readonly pushed: EventLog<Pushed>;
  /** Opens a connection to bob. */
  readonly open: () => Promise<string>;
}

async function relaying(
  act: (scene: Scene) => Promise<void>,
  options?: TestServerOptions,
): Promise<void> {
  await using server = await startServer(options);
  const payer = await server.link(await server.enroll("alice"));
  const payee = await server.link(await server.enroll("bob"));
  const pushed = new EventLog<Pushed>((push) => JSON.stringify(push));
  for (const type of [relayedType, relayedDataType, relayedEndType]) {
    const add = ({ connection, data }: { connection?: unknown; data?: unknown }) =>
      pushed.add({ type, connection, data });
    payee.listen(type, add);
    payer.listen(type, add);
  }
  await payee.ask(loginRequestType, { name: named("bob"), port: 1, relay: true });
  const open = async () => {
    const connection = makeNonce(systemRandom);
    const outcome = await payer.ask(relayRequestType, { name: named("bob"), connection });
    assertEquals(codeOf(outcome), undefined);
    return connection;
  };
  await act({ server, payer, payee, pushed, open });
}

/** The code of a refusal; `undefined` for an answer. */
function codeOf(outcome: Outcome<object>): number | undefined {
  return outcome.outcome === "refused" ? outcome.code : undefined;
}

Deno.test("relay: bytes come to the other end in order and in both directions, and so does the end", async () => {
  await relaying(async ({ payer, payee, pushed, open }) => {
    const connection = await open();
    await pushed.until(({ type }) => type === relayedType);
    for (const data of ["one\ntw", "o\n"]) {
      await payer.ask(relayDataRequestType, { connection, data });
      await pushed.until((push) => push.data === data);
    }
    await payee.ask(relayDataRequestType, { connection, data: "back\n" });
    await pushed.until(({ data }) => data === "back\n");
    await payer.ask(relayEndRequestType, { connection });
    await pushed.until(({ type }) => type === relayedEndType);
    assertEquals(pushed.all.map(({ data }) => data), [
      undefined,
      ...["one\ntw", "o\n", "back\n"],
      undefined,
    ]);
    const late = await payee.ask(relayDataRequestType, { connection, data: "late\n" });
    assertEquals(codeOf(late), 400);
  });
});

Deno.test("relay: when a side's connection to the server ends, the other end is told", async () => {
  await relaying(async ({ payee, pushed, open }) => {
    const connection = await open();
    await payee.end();
    const end = await pushed.until(({ type }) => type === relayedEndType);
    assertEquals(end.connection, connection);
  });
});

Deno.test("relay: where a member cannot be connected to, the code says why", async () => {
  await relaying(async ({ server, payer }) => {
    const ask = async (name: string) => {
      const connection = makeNonce(systemRandom);
      return codeOf(await payer.ask(relayRequestType, { name: named(name), connection }));
    };
    const carol = await server.link(await server.enroll("carol"));
    assertEquals(await ask("carol"), 263);
    await carol.ask(loginRequestType, { name: named("carol"), port: 1 });
    assertEquals([await ask("nobody"), await ask("carol"), await ask("alice")], [262, 264, 280]);
  });
});

Deno.test("relay: a third member can neither use nor end a connection, nor open one of its name", async () => {
  await relaying(async ({ server, payer, pushed, open }) => {
    const connection = await open();
    const carol = await server.link(await server.enroll("carol"));
    const codes = [
      await carol.ask(relayDataRequestType, { connection, data: "hers\n" }),
      await carol.ask(relayEndRequestType, { connection }),
      await carol.ask(relayRequestType, { name: named("bob"), connection }),
    ].map(codeOf);
    assertEquals(codes, [400, 400, 410]);
    await payer.ask(relayDataRequestType, { connection, data: "mine\n" });
    await pushed.until(({ data }) => data !== undefined);
    assertEquals(pushed.all.map(({ data }) => data), [undefined, "mine\n"]);
  });
});

Deno.test("relay: a member opens so many connections and sends so many messages, and is refused with 421 past that", async () => {
  // No time passes, so nothing is given back.
  const clock = { ...systemClock, monotonicMs: () => 0 };
  await relaying(async ({ payer, pushed, open }) => {
    const connection = await open();
    for (let count = 1; count < relaysAtOnce; count++) {
      await payer.ask(relayEndRequestType, { connection: await open() });
    }
    const surplus = { name: named("bob"), connection: makeNonce(systemRandom) };
    assertEquals(codeOf(await payer.ask(relayRequestType, surplus)), 421);
    for (let count = 0; count < relayedMessagesAtOnce; count++) {
      const data = `${count}\n`;
      assertEquals(codeOf(await payer.ask(relayDataRequestType, { connection, data })), undefined);
      await pushed.until((push) => push.data === data);
    }
    const late = await payer.ask(relayDataRequestType, { connection, data: "late\n" });
    assertEquals(codeOf(late), 421);
  }, { clock });
});

Deno.test("relay: nothing is taken for an end that has not read the bytes before", async () => {
  const relays = new Relays({ clock: systemClock });
  const [session, other] = [{}, {}] as [Session, Session];
  const [name, connection] = [named("alice"), makeNonce(systemRandom)];
  assertEquals(relays.open(connection, [localEnd(session), localEnd(other)]), true);
  const pushes: Push[] = [];
  const send = async () => {
    const context = { name, session, server: { relays }, push: (push: Push) => pushes.push(push) };
    return codeOf(await relayDataRoute.handle({ connection, data: "x\n" }, context as never));
  };
  assertEquals([await send(), await send(), pushes.length], [undefined, 421, 1]);
  pushes[0]?.onWritten?.();
  assertEquals([await send(), pushes.length], [undefined, 2]);
});

Deno.test("relay: payers that open, use and end connections without pause do not fill the send queue of a payee that reads nothing", async () => {
  const clock = { ...systemClock, monotonicMs: () => 0 };
  const relays = new Relays({ clock });
  const payee = { isOnline: true, takesRelay: true } as Session;
  const server = {
    relays,
    ledger: { presence: () => Promise.resolve({}), relayStore: () => undefined },
    sessions: { of: () => [payee] },
  };
  const pushes: Push[] = [];
  const codes = new Set<number | undefined>();
  for (const payer of ["alice", "carol", "dave", "erin"]) {
    const session = {} as Session;
    const push = (push: Push) => pushes.push(push);
    const context = { name: named(payer), session, server, push } as never;
    const open = async () => {
      const connection = makeNonce(systemRandom);
      const outcome = await relayRoute.handle({ name: named("bob"), connection }, context);
      codes.add(codeOf(outcome));
      return connection;
    };
    for (let count = 0; count < relaysAtOnce; count++) {
      const connection = await open();
      codes.add(codeOf(await relayDataRoute.handle({ connection, data: "x\n" }, context)));
      await relayEndRoute.handle({ connection }, context);
    }
  }
  assertEquals([...codes], [undefined, 421, 400]);
  assert(pushes.every(({ session }) => session === payee));
  assert(pushes.length <= relayedUnwrittenMax + relayedConnectionsMax, String(pushes.length));
  assert(relayedUnwrittenMax + relayedConnectionsMax < sendQueueMessagesMax);
  for (const { onWritten } of pushes) onWritten?.();
  const context = { name: named("frank"), session: {}, server, push: () => {} } as never;
  const connection = makeNonce(systemRandom);
  const later = await relayRoute.handle({ name: named("bob"), connection }, context);
  assertEquals(codeOf(later), undefined, "it takes more when it has read");
});
