/**
 * The connections that a payer keeps to its payees: how few messages a payment takes over them, and
 * what happens when one of them is closed.
 */
import { assertEquals } from "@std/assert";
import { Member } from "../../src/client/member.ts";
import { systemClock } from "../../src/clock.ts";
import { checkpointShownMs, peerKeptMs, peersKeptMax } from "../../src/limits.ts";
import type { Amount } from "../../src/money.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { ManualClock } from "../manual_clock.ts";
import { submitOrder } from "../server/submit_order.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { waitUntil } from "../server/wait_until.ts";
import { honest, orderTextIn, refusing, resultOf } from "./payment/payee_scripts.ts";
import { type Behaviour, memberOf, nameOf, TestPayee } from "./test_member.ts";

/** A payer whose connections and questions are counted. */
class CountedPayer {
  readonly member: Member;
  readonly asked: string[] = [];
  /** Sealed lines from and to payees. */
  readonly lines: ("in" | "out")[] = [];
  /** Resolves when a payee closes its connection. */
  readonly peerEnded = Promise.withResolvers<void>();
  connections = 0;

  private constructor(member: Member, clock: ManualClock | undefined) {
    const { link } = member.context;
    const ask = link.ask.bind(link);
    link.ask = (requestType, request) => {
      this.asked.push(requestType.type);
      return ask(requestType, request);
    };
    const network: Network = {
      listen: tcpNetwork.listen,
      connect: async (...to) => {
        this.connections++;
        const stream = await tcpNetwork.connect(...to);
        const read = stream.read.bind(stream);
        stream.read = async (buffer) => {
          const count = await read(buffer);
          if (count === null) this.peerEnded.resolve();
          return count;
        };
        return stream;
      },
    };
    this.member = new Member({
      ...member.context,
      network,
      ...(clock && { clock }),
      observe: (direction) => this.lines.push(direction),
    });
  }

  static async of(
    server: TestServer,
    identity: Identity,
    { clock, timeoutMs }: { clock?: ManualClock; timeoutMs?: number } = {},
  ): Promise<CountedPayer> {
    return new CountedPayer(
      await memberOf(server, identity, { ...(timeoutMs && { timeoutMs }) }),
      clock,
    );
  }

  pay(payee = "bob", amount = 1) {
    return resultOf(() => this.member.pay({ payee: named(payee), amount: amount as Amount }));
  }
}

interface Scene {
  readonly server: TestServer;
  readonly payer: CountedPayer;
  readonly payee: TestPayee;
}

async function paying(
  behave: Behaviour,
  act: (scene: Scene) => Promise<void>,
  options: { clock?: ManualClock } = {},
): Promise<void> {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payer = await CountedPayer.of(server, alice, options);
  await using payee = await TestPayee.logIn(server, bob, { behave });
  await act({ server, payer, payee });
  await payer.member.abandon();
}

Deno.test("peers: a payer locates and greets a payee once, and then says nothing but its orders", async () => {
  await paying(honest, async ({ server, payer, payee }) => {
    assertEquals(await payer.pay(), "paid");
    const before = payer.asked.length;
    for (let count = 0; count < 3; count++) assertEquals(await payer.pay(), "paid");
    assertEquals([payer.connections, payer.asked.length - before], [1, 0]);
    assertEquals(payer.asked.filter((type) => type === "locate").length, 1);
    assertEquals([payer.lines, payee.messages.length], [["out", "out", "out", "out"], 4]);
    assertEquals(await server.balanceOf("alice"), 9996);
  });
});

Deno.test("peers: a payee refuses one of two orders that are under way, and the other is booked", async () => {
  const both = Promise.withResolvers<void>();
  let came = 0;
  const behave: Behaviour = async (scene) => {
    if (++came === 1) {
      // The first order is held until the second one was refused.
      both.promise.then(() => honest(scene));
      return;
    }
    await refusing(261)(scene);
    both.resolve();
  };
  await paying(behave, async ({ server, payer }) => {
    const results = await Promise.all([payer.pay("bob", 10), payer.pay("bob", 20)]);
    assertEquals([results.map(String).toSorted(), payer.connections], [["261", "paid"], 1]);
    // Whichever came second was refused.
    assertEquals([9990, 9980].includes(await server.balanceOf("alice") ?? 0), true);
  });
});

Deno.test("peers: when a kept connection turns out to be closed, the same order goes over a new one, once", async (t) => {
  for (const again of ["submits it", "closes again"] as const) {
    await t.step(`and the payee ${again}`, async () => {
      let came = 0;
      const behave: Behaviour = async (scene) => {
        came++;
        if (came === 2 || (came === 3 && again === "closes again")) return scene.stream.close();
        await honest(scene);
      };
      await paying(behave, async ({ server, payer, payee }) => {
        assertEquals(await payer.pay(), "paid");
        assertEquals(await payer.pay(), again === "submits it" ? "paid" : "unknown");
        const [, second, third, ...others] = payee.messages.map(({ body }) => body.order);
        assertEquals([second === third, others], [true, []]);
        assertEquals(payer.connections, 2);
        assertEquals(await server.balanceOf("alice"), again === "submits it" ? 9998 : 9999);
      });
    });
  }
});

Deno.test("peers: a payment to a payee that ends has the outcome no, wherever its order was", async (t) => {
  const left = [["and is logged in", 264], ["and is offline", 263]] as const;
  for (const [status, code] of left) {
    for (const holdsOrder of [true, false]) {
      const title = holdsOrder ? "got the order" : "hung up before the order was written";
      await t.step(`the payee ${title}, ${status}: ${code}`, async () => {
        await using server = await startServer();
        const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
        const payer = await CountedPayer.of(server, alice);
        const orders: string[] = [];
        const hangUp = async () => {
          if (code === 263) await server.ledger.takeOffline(named("bob"));
          payee.hangUp();
        };
        const behave: Behaviour = async (scene) => {
          orders.push(orderTextIn(scene));
          await hangUp();
        };
        await using payee = await TestPayee.logIn(server, bob, { behave });
        const { outbox } = payer.member.context;
        const add = outbox.add.bind(outbox);
        outbox.add = async (order, options) => {
          if (!holdsOrder) {
            orders.push(order.text);
            await hangUp();
            await payer.peerEnded.promise;
          }
          return await add(order, options);
        };
        assertEquals(await payer.pay(), code);
        assertEquals([payee.messages.length, await outbox.ids()], [holdsOrder ? 1 : 0, []]);
        // The payee cannot use the order any more.
        const late = await submitOrder(await server.link(bob), orders[0]!);
        assertEquals(late.outcome === "refused" && late.code, 265);
        assertEquals(await server.balanceOf("alice"), 10_000);
        await payer.member.abandon();
      });
    }
  }
});

Deno.test("peers: a payment that a payee submitted before it ended is paid", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payer = await CountedPayer.of(server, alice);
  // The server's result does not reach the payer.
  payer.member.context.link.listen = () => () => {};
  const behave: Behaviour = async (scene) => {
    await honest(scene);
    payee.hangUp();
  };
  await using payee = await TestPayee.logIn(server, bob, { behave });
  const member = new Member(payer.member.context);
  assertEquals(
    await resultOf(() => member.pay({ payee: named("bob"), amount: 1 as Amount })),
    "paid",
  );
  await member.abandon();
});

Deno.test("peers: a payee that hung up meanwhile is connected to again, wherever it is now", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payer = await CountedPayer.of(server, alice);
  for (let life = 1; life <= 2; life++) {
    {
      await using _payee = await TestPayee.logIn(server, bob, { behave: honest });
      assertEquals([await payer.pay(), payer.connections], ["paid", life]);
    }
    await server.ledger.takeOffline(named("bob"));
  }
  await payer.member.abandon();
});

for (
  const [title, behave, first] of [
    ["says nothing", () => Promise.resolve(), "unknown"],
    ["refuses", refusing(261), 261],
  ] as const
) {
  Deno.test(`peers: when a kept connection's other end ${title}, the next order goes to where the payee is now`, async () => {
    await using server = await startServer();
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const payer = await CountedPayer.of(server, alice, { timeoutMs: 1000 });
    let came = 0;
    // A lost machine, or the thief of a revoked key, keeps its end open.
    const lost: Behaviour = (scene) => ++came === 1 ? honest(scene) : behave(scene);
    await using old = await TestPayee.logIn(server, bob, { behave: lost });
    assertEquals(await payer.pay(), "paid");
    await server.ledger.takeOffline(named("bob"));
    await using _now = await TestPayee.logIn(server, bob, { behave: honest });
    assertEquals([await payer.pay(), payer.connections], [first, 1]);
    assertEquals([await payer.pay(), payer.connections], ["paid", 2]);
    assertEquals([old.messages.length, await server.balanceOf("alice")], [2, 9998]);
    await payer.member.abandon();
  });
}

Deno.test("peers: a connection is closed when no order was handed over on it for a while", async () => {
  const clock = new ManualClock(systemClock.nowMs());
  await paying(honest, async ({ payer }) => {
    const idle = () => waitUntil(() => clock.delays.includes(peerKeptMs), "it to be idle");
    assertEquals([await payer.pay(), payer.connections], ["paid", 1]);
    await idle();
    clock.advance(peerKeptMs - 1);
    assertEquals([await payer.pay(), payer.connections], ["paid", 1]);
    await idle();
    clock.advance(peerKeptMs);
    assertEquals([await payer.pay(), payer.connections], ["paid", 2]);
    await idle();
    await payer.member.abandon();
    assertEquals(clock.delays.includes(peerKeptMs), false, "no timer outlives the member");
  }, { clock });
});

Deno.test("peers: a payer shows what it saw of the ledger in the first order on a connection, and again after a minute", async () => {
  const clock = new ManualClock(systemClock.nowMs());
  await paying(honest, async ({ payer, payee }) => {
    assertEquals(await payer.pay(), "paid");
    await payer.member.audit();
    for (let time = 0; time < 4; time++) {
      const { audits } = payer.member.context;
      const { checkpoint, certificate: serverCertificate } = (await audits.last())!;
      assertEquals(await payer.pay(), "paid");
      const { seen } = payee.messages.at(-1)!.body;
      const isShown = time === 0 || time === 3;
      assertEquals(seen, isShown ? { checkpoint, serverCertificate } : undefined);
      await payer.member.audit();
      await waitUntil(() => clock.delays.includes(peerKeptMs), "it to be idle");
      clock.advance(checkpointShownMs / 3);
    }
    const [first] = payee.messages;
    assertEquals([first?.body.seen, payer.connections], [undefined, 1], "no audit was made");
  }, { clock });
});

Deno.test("peers: only so many connections are kept, and the one that has been idle longest goes", async () => {
  await using server = await startServer();
  const payer = await CountedPayer.of(server, await server.enroll("alice"));
  await using payees = new AsyncDisposableStack();
  const names: string[] = [];
  for (let at = 0; at <= peersKeptMax; at++) {
    const identity = await server.enroll(`payee-${at}`);
    names.push(nameOf(identity));
    payees.use(await TestPayee.logIn(server, identity, { behave: honest }));
  }
  for (const name of names) assertEquals(await payer.pay(name), "paid");
  assertEquals(payer.connections, peersKeptMax + 1);
  // The last ones are there; the first one went.
  for (const name of names.slice(1)) assertEquals(await payer.pay(name), "paid");
  assertEquals(payer.connections, peersKeptMax + 1);
  assertEquals([await payer.pay(names[0]), payer.connections], ["paid", peersKeptMax + 2]);
  await payer.member.abandon();
});
