/** A member that stays online while its server goes away and comes back. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type ConnectionEvent,
  drawPauseMs,
  LastingMember,
  type Reconnect,
} from "../../src/client/lasting_member.ts";
import type { Member } from "../../src/client/member.ts";
import type { IncomingPayment } from "../../src/client/payment/incoming_payments.ts";
import { ClosedError, ConnectError, OtherLedgerError, UntrustedError } from "../../src/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import {
  heldPaymentsMax,
  ordersPerSubmitMax,
  reconnectMsMax,
  reconnectMsMin,
  replaceWaitMs,
  serverSilenceMsMax,
} from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { systemRandom } from "../../src/random.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { ManualClock } from "../manual_clock.ts";
import { EventLog } from "../server/event_log.ts";
import { keepOpen } from "../server/kept_ledger.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { waitUntil } from "../server/wait_until.ts";
import { Dice } from "../simulation/dice.ts";
import { CutCable } from "../transport/cut_cable.ts";
import { LosingNetwork } from "../transport/losing_network.ts";
import { memberOf } from "./test_member.ts";
import { KeptWallet } from "./wallet/memory_wallet_store.ts";

interface Scene {
  readonly lasting: LastingMember;
  readonly clock: ManualClock;
  readonly serverClock: ManualClock;
  readonly alice: Identity;
  /** Number of receipts in alice's wallet. */
  receipts(): number;
  readonly events: EventLog<ConnectionEvent>;
  readonly payments: EventLog<IncomingPayment>;
  goOnline(): Promise<void>;
  server(): TestServer;
  /** Stops the server. */
  stop(): Promise<void>;
  /** Starts another one with the same ledger. */
  start(): Promise<void>;
  /** Has bob pay alice through the server. */
  pay(...amounts: number[]): Promise<void>;
  /** Waits for the pause before the next attempt, and passes it. */
  passPause(): Promise<void>;
}

interface SceneOptions {
  readonly since: number;
  /** Instead of a connection to the server. */
  readonly reconnect: Reconnect;
  /** Between alice and the server. */
  readonly network: Network;
  /** Is told each connection of alice. */
  readonly onConnected: (member: Member) => void;
  /** Puts something between the server and its ledger, which must stay open. */
  readonly wrap: (ledger: Ledger) => Ledger;
}

async function withAlice(
  act: (scene: Scene) => Promise<void>,
  { since, reconnect, network = tcpNetwork, onConnected, wrap = keepOpen }: Partial<SceneOptions> =
    {},
): Promise<void> {
  const serverClock = new ManualClock(Date.now());
  let server = await startServer({ clock: serverClock, wrap });
  let isAway = false;
  const alice = await server.enroll("alice");
  const bob = await server.enroll("bob");
  const { ledger, authority, identity } = server;
  const clock = new ManualClock(Date.now());
  const started = { clock: serverClock, ledger, authority, identity, wrap };
  const kept = new KeptWallet();
  const events = new EventLog<ConnectionEvent>((event) => event.kind);
  const payments = new EventLog<IncomingPayment>(({ receipt }) => String(receipt.payload.amount));
  const connect = async (): Promise<Member> => {
    if (isAway) throw new ConnectError("connect: refused");
    const connection = await server.connect(network, clock);
    const member = await memberOf(server, alice, { kept, clock, connection });
    onConnected?.(member);
    return member;
  };
  const lasting = new LastingMember(await connect(), reconnect ?? connect);
  let retries = 0;
  const scene: Scene = {
    ...{ lasting, clock, serverClock, alice, events, payments },
    receipts: () => kept.account(authority.anchor.fingerprint, named("alice")).receipts.size,
    goOnline: async () => {
      const outcome = await lasting.goOnline({
        listen: { host: "127.0.0.1", port: 0 },
        since,
        onEvent: (event) => events.add(event),
        onPayment: (payment) => payments.add(payment),
        onFault: (error) => {
          throw error;
        },
      });
      assertEquals(outcome.outcome, "answered");
    },
    server: () => server,
    stop: async () => {
      isAway = true;
      await server[Symbol.asyncDispose]();
    },
    start: async () => {
      server = await startServer(started);
      isAway = false;
    },
    pay: async (...amounts) => {
      const payer = await memberOf(server, bob);
      for (let at = 0; at < amounts.length; at += ordersPerSubmitMax) {
        const terms = amounts.slice(at, at + ordersPerSubmitMax).map((amount) => (
          { payee: named("alice"), amount: amount as Amount }
        ));
        for (const payment of await payer.payAll(terms)) {
          assert(payment.status === "fulfilled" && payment.value.outcome === "paid");
        }
      }
      await payer.exit();
    },
    passPause: async () => {
      const retrying = () => events.all.filter(({ kind }) => kind === "retrying");
      await events.until(() => retrying().length > retries);
      const due = retrying()[retries++]!;
      assert(due.kind === "retrying");
      clock.advance(due.inMs);
    },
  };
  try {
    await act(scene);
  } finally {
    await lasting.abandon();
    await server[Symbol.asyncDispose]();
  }
}

function amountsOf({ payments }: Scene): number[] {
  return payments.all.map(({ receipt }) => receipt.payload.amount);
}

function onlineTimes(scene: Scene, count: number): Promise<ConnectionEvent> {
  const times = () => scene.events.all.filter(({ kind }) => kind === "online").length;
  return scene.events.until(() => times() >= count);
}

Deno.test("lasting: over 20 restarts of the server each payment is told once, and the port stays", async () => {
  await withAlice(async (scene) => {
    const { lasting, payments } = scene;
    await scene.goOnline();
    const port = lasting.member.peerPort;
    let amount = 0;
    for (let round = 1; round <= 20; round++) {
      await scene.pay(++amount);
      await scene.stop();
      await scene.start();
      // Alice is not there yet.
      await scene.pay(++amount);
      await scene.passPause();
      await onlineTimes(scene, round + 1);
      assertEquals(lasting.member.peerPort, port);
    }
    await payments.until(({ receipt }) => receipt.payload.amount === amount);
    assertEquals(amountsOf(scene), Array.from({ length: 40 }, (_, at) => at + 1));
    await lasting.exit();
    assertEquals(await scene.server().ledger.onlineCount(), 0);
  });
});

Deno.test("lasting: it reports each attempt, and waits longer after each failure", async () => {
  await withAlice(async (scene) => {
    await scene.goOnline();
    await scene.stop();
    for (let failure = 0; failure < 3; failure++) await scene.passPause();
    await scene.start();
    await scene.passPause();
    await onlineTimes(scene, 2);
    const again = ["retrying", "connecting"];
    assertEquals(
      scene.events.all.map(({ kind }) => kind),
      ["online", "lost", ...again, ...again, ...again, ...again, "online"],
    );
    assert(scene.lasting.isOnline);
  });
});

Deno.test("lasting: past payments come first, and only those after the entry that is known", async () => {
  await withAlice(async (scene) => {
    for (const amount of [1, 2, 3]) await scene.pay(amount);
    await scene.goOnline();
    await scene.pay(4);
    await scene.payments.until(({ receipt }) => receipt.payload.amount === 4);
    assertEquals(amountsOf(scene), [10_000, 1, 2, 3, 4]);
  }, { since: 0 });
});

Deno.test("lasting: more payments than it holds arrive while it reads the past, and each is told once", async () => {
  let pages = 0;
  const reading = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await withAlice(async (scene) => {
    const burst = (length: number) => scene.pay(...Array.from({ length }, () => 1));
    const received = (count: number) =>
      waitUntil(() => scene.receipts() === count, `${count} receipts`);
    await scene.goOnline();
    await waitUntil(() => pages === 1);
    await burst(heldPaymentsMax + 1);
    await received(heldPaymentsMax + 1);
    reading[0]!.resolve();
    // Now the dropped payments are read, and as many as it holds arrive.
    await waitUntil(() => pages === 2);
    await burst(heldPaymentsMax);
    await received(2 * heldPaymentsMax + 2);
    reading[1]!.resolve();
    await scene.payments.until(() => scene.payments.all.length === 2 * heldPaymentsMax + 2);
    await scene.pay(2);
    await scene.payments.until(({ receipt }) => receipt.payload.amount === 2);
    const entries = scene.payments.all.map(({ receipt }) => receipt.payload.entry);
    assertEquals(entries, entries.toSorted((a, b) => a - b));
    assertEquals(new Set(entries).size, 2 * heldPaymentsMax + 3);
  }, {
    since: 0,
    // Each page has what is there when it is asked for, and the first two are late.
    wrap: (ledger) =>
      new Proxy(keepOpen(ledger), {
        get(target, key) {
          if (key !== "history") return Reflect.get(target, key);
          return async (...query: Parameters<Ledger["history"]>) => {
            const page = await target.history(...query);
            await reading[pages++]?.promise;
            return page;
          };
        },
      }),
  });
});

Deno.test("lasting: a client that another login replaced does not connect again", async () => {
  await withAlice(async (scene) => {
    const { lasting, serverClock } = scene;
    await scene.goOnline();
    await scene.pay(1);
    await scene.payments.until(() => true);
    // It freezes: it reads, and answers nothing.
    const { channel } = lasting.context.link;
    const written = Promise.resolve();
    channel.send = () => ({ seq: 0, sealed: written, written });
    const other = await scene.server().link(scene.alice);
    const login = other.ask(loginRequestType, { name: named("alice"), port: 1 });
    await waitUntil(() => serverClock.delays.includes(replaceWaitMs), "the server to wait");
    serverClock.advance(replaceWaitMs);
    assertEquals((await login).outcome, "answered");
    const ended = await lasting.ended;
    assertEquals(ended.why, "replaced");
    assertEquals(scene.events.all.map(({ kind }) => kind), ["online"]);
    assertEquals(scene.clock.pending, 0);
  });
});

Deno.test("lasting: a cut cable is noticed after 30 seconds, and a payment meanwhile is told once", async () => {
  using network = new CutCable(tcpNetwork);
  await withAlice(async (scene) => {
    const { clock, events, payments, serverClock } = scene;
    await scene.goOnline();
    await scene.pay(1);
    await payments.until(({ receipt }) => receipt.payload.amount === 1);
    network.cut();
    await scene.pay(2);
    assertEquals(serverSilenceMsMax, 30_000);
    clock.advance(serverSilenceMsMax);
    await events.until(({ kind }) => kind === "lost");
    network.mend();
    await scene.passPause();
    // The server counts the dead connection as online until that gives no sign of life.
    await waitUntil(() => serverClock.delays.includes(replaceWaitMs), "the server to wait");
    serverClock.advance(replaceWaitMs);
    await onlineTimes(scene, 2);
    await scene.pay(3);
    await payments.until(({ receipt }) => receipt.payload.amount === 3);
    assertEquals(amountsOf(scene), [1, 2, 3]);
  }, { network });
});

for (const [fault, proxy] of [["drop", "drops lines"], ["cut", "closes within lines"]] as const) {
  Deno.test(`lasting: behind a proxy that ${proxy}, it connects again and tells each payment once`, async () => {
    const network = new LosingNetwork(tcpNetwork, new Dice(7));
    await withAlice(async (scene) => {
      const { clock, serverClock, events, lasting, payments } = scene;
      const failures = () => events.all.filter(({ kind }) => kind === "retrying").length;
      const passTimeUntil = (isDone: () => boolean) =>
        waitUntil(() => {
          const newest = events.all.at(-1)!;
          const ms = newest.kind === "retrying"
            ? newest.inMs
            : network.isBroken
            ? serverSilenceMsMax
            : 0;
          if (ms > 0) [clock, serverClock].forEach((one) => one.advance(ms));
          return isDone();
        });
      await scene.goOnline();
      for (let amount = 1; amount <= 10; amount++) {
        const before = failures();
        network.begin(fault);
        await scene.pay(amount);
        await passTimeUntil(() => failures() >= before + 3);
        network.end();
        await passTimeUntil(() => lasting.isOnline && !network.isBroken);
        await payments.until(({ receipt }) => receipt.payload.amount === amount);
      }
      assertEquals(amountsOf(scene), Array.from({ length: 10 }, (_, at) => at + 1));
      assert(failures() >= 30);
    }, { network });
  });
}

Deno.test("lasting: a revoked member does not connect again", async () => {
  await withAlice(async (scene) => {
    await scene.goOnline();
    await scene.pay(1);
    await scene.payments.until(() => true);
    await scene.server().end({ kind: "closure", name: named("alice") });
    // The server notices at the next request.
    assertEquals((await scene.lasting.member.balance()).outcome, "refused");
    const ended = await scene.lasting.ended;
    assertEquals(ended.why, "dismissed");
  });
});

Deno.test("lasting: another ledger at the address ends it", async () => {
  await withAlice(async (scene) => {
    await scene.goOnline();
    await scene.stop();
    await scene.passPause();
    const ended = await scene.lasting.ended;
    assert(ended.why === "failed");
    assertInstanceOf(ended.error, OtherLedgerError);
  }, {
    reconnect: () => Promise.reject(new OtherLedgerError("trust 127.0.0.1:1: another ledger")),
  });
});

Deno.test("lasting: an answer that proves nothing does not end it, and is reported", async () => {
  await withAlice(async (scene) => {
    await scene.goOnline();
    await scene.stop();
    for (let attempt = 0; attempt < 3; attempt++) await scene.passPause();
    const reported = () =>
      scene.events.all.filter((event) =>
        event.kind === "retrying" && event.reason instanceof UntrustedError
      );
    await scene.events.until(() => reported().length === 3);
  }, {
    reconnect: () => Promise.reject(new UntrustedError("trust 127.0.0.1:1: not a server")),
  });
});

Deno.test("lasting: it can be left while it waits, and leaves no timer", async () => {
  await withAlice(async (scene) => {
    await scene.goOnline();
    await scene.stop();
    await scene.events.until(({ kind }) => kind === "retrying");
    await scene.lasting.exit();
    assertEquals(scene.clock.pending, 0);
  });
});

Deno.test("lasting: it does not log in again when it is stopped while it settles", async () => {
  let stop = () => {};
  const connected: Member[] = [];
  await withAlice(async (scene) => {
    const { lasting, events } = scene;
    await scene.goOnline();
    await scene.stop();
    await scene.start();
    stop = () => lasting.stop();
    await scene.passPause();
    await waitUntil(() => connected.length === 2, "the second connection");
    await connected[1]!.context.link.closed;
    assertEquals(scene.server().events.all.filter(({ kind }) => kind === "online"), []);
    assertEquals(events.all.at(-1)!.kind, "connecting");
  }, {
    onConnected: (member) => {
      connected.push(member);
      const settle = member.settle.bind(member);
      member.settle = async function* (options) {
        yield* settle(options);
        stop();
      };
    },
  });
});

Deno.test("lasting: it does not listen when it is left while it looks for its newest entry", async () => {
  let listens = 0;
  const network: Network = {
    connect: (...to) => tcpNetwork.connect(...to),
    listen: (endpoint) => {
      listens++;
      return tcpNetwork.listen(endpoint);
    },
  };
  await withAlice(async ({ lasting }) => {
    const { member } = lasting;
    Object.assign(member.context, { network });
    const history = member.history.bind(member);
    member.history = async function* (query) {
      for await (const page of history(query)) {
        await lasting.abandon();
        yield page;
      }
    };
    const going = lasting.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onEvent: () => {},
      onPayment: () => {},
      onFault: () => {},
    });
    await assertRejects(() => going, ClosedError);
    assertEquals(listens, 0);
  });
});

Deno.test("lasting: a pause is random, between half a second and its bound of at most 15 seconds", () => {
  const least = { bytes: (length: number) => new Uint8Array(length) };
  const most = { bytes: (length: number) => new Uint8Array(length).fill(255) };
  const failures = [0, 1, 2, 3, 4, 5, 2000];
  assertEquals(failures.map((count) => drawPauseMs(count, least)), failures.map(() => 500));
  assertEquals(
    failures.map((count) => drawPauseMs(count, most)),
    [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000],
  );
  const drawn = drawPauseMs(4, systemRandom);
  assert(drawn >= reconnectMsMin && drawn <= reconnectMsMax);
});
