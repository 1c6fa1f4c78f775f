/**
 * Connections that end at any step, in any way. No other peer is affected, and everything they held
 * is released.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  accountConnectionsMin,
  ledgerWatchMs,
  memberIdleMs,
  strangerLineEveryMs,
  strangerLinesAtOnce,
  strangersOfAddressMax,
  waitingRepeatMs,
} from "../../src/limits.ts";
import { ServerLink } from "../../src/client/server_link.ts";
import { systemClock } from "../../src/clock.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { replyType } from "../../src/protocol/request_type.ts";
import { exitRequestType } from "../../src/protocol/exit.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { submitRequestType } from "../../src/protocol/transfer.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { waitingType } from "../../src/protocol/waiting.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { waitUntil } from "../server/wait_until.ts";
import { makeApplicant, named, sessionKey, timeoutMs } from "../server/test_server.ts";
import { bytesOf, drain, elsewhere, isServed, Scene } from "./scene.ts";

type Leave = (scene: Scene, alice: Identity, host: string) => Promise<void>;

async function openLink(scene: Scene, alice: Identity, host: string): Promise<ServerLink> {
  const channel = await scene.channel(alice, host);
  return new ServerLink(channel, { clock: systemClock, timeoutMs, serverTimeMs: Date.now() });
}

const ways: Readonly<Record<string, Leave>> = {
  "at once": async (scene, _, host) => (await scene.dial(host)).close(),
  "after the greeting": async (scene, _, host) => (await scene.greet(host)).close(),
  "in the middle of the first line": async (scene, _, host) => {
    const { stream } = await scene.greet(host);
    await stream.write(bytesOf("eyJhbGciOiJSU0EtT0FFUC0yNTYi"));
    stream.close();
  },
  "with a line that is no message": async (scene, _, host) => {
    const { stream } = await scene.greet(host);
    await stream.write(bytesOf("GET / HTTP/1.1\r\n"));
    await drain(stream);
  },
  "after its first message, before the reply": async (scene, alice, host) => {
    const channel = await scene.channel(alice, host);
    await channel.send(balanceRequestType.type, {}).written;
    channel.close();
  },
  "after a reply": async (scene, alice, host) => {
    const link = await openLink(scene, alice, host);
    await link.ask(balanceRequestType, {});
    link.channel.close();
  },
  "online": async (scene, alice, host) => {
    const link = await openLink(scene, alice, host);
    await link.ask(loginRequestType, { name: named("alice"), port: 1 });
    link.channel.close();
  },
  "with an order under way": async (scene, alice, host) => {
    const channel = await scene.channel(alice, host);
    const order = signPayload(orderPayload(alice, scene.server.anchor, { amount: 1 }), alice);
    await channel.send(submitRequestType.type, { orders: [order] }).written;
    channel.close();
  },
  "with a message nobody sealed for its place": async (scene, alice, host) => {
    const channel = await scene.channel(alice, host);
    channel.send(balanceRequestType.type, {});
    await channel.receive();
    await channel.send("Not A Type", {}).written;
    // It may have waited before.
    for (let arrival; (arrival = await channel.receive()).kind !== "end";) {
      assert(arrival.message.type === waitingType || arrival.message.type === replyType);
    }
  },
  "by saying goodbye": async (scene, alice, host) => {
    const link = await openLink(scene, alice, host);
    assertEquals((await link.ask(exitRequestType, {})).outcome, "answered");
    await link.closed;
  },
  "as an applicant that is refused": async (scene, _, host) => {
    const { signer } = makeApplicant("alice");
    const channel = (await scene.greet(host)).introduce({ signer, sessionKey });
    channel.send(balanceRequestType.type, {});
    await channel.receive();
    channel.close();
  },
};

for (const [way, leave] of Object.entries(ways)) {
  Deno.test(`leaving ${way}: the server releases everything, and serves others meanwhile`, async () => {
    await using scene = await Scene.open({ userLimit: 2 });
    const { server } = scene;
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const link = await scene.link(bob, "192.0.2.7");
    for (let round = 0; round < 5; round++) {
      await leave(scene, alice, `198.51.100.${round}`);
      assert(await isServed(link));
    }
    link.channel.close();
    await scene.allGone();
    assertEquals(await server.ledger.onlineCount(), 0);
    assertEquals(scene.count("fault"), 0);
  });
}

Deno.test("leaving: clients that leave in any order and number release their permits, places and shares", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(ways)), { minLength: 1, maxLength: 12 }),
      // As many as one member may have of them.
      fc.integer({ min: 1, max: accountConnectionsMin }),
      async (plan, userLimit) => {
        await using scene = await Scene.open({ userLimit });
        const { server } = scene;
        const [alice] = [await server.enroll("alice"), await server.enroll("bob")];
        // All at the same time: past the limit they wait for each other.
        await Promise.all(plan.map((way) => ways[way]!(scene, alice, elsewhere)));
        await scene.allGone();
        assertEquals(await server.ledger.onlineCount(), 0);
        // Earlier peers at this address do not block later ones.
        const again = await Promise.all(
          Array.from({ length: userLimit }, () => scene.greet("203.0.113.1")),
        );
        for (const connection of again) connection.close();
        await scene.allGone();
        assertEquals(scene.count("fault"), 0);
      },
    ),
    { numRuns: 10 },
  );
});

Deno.test("leaving: a waiting member that leaves releases its place, at any place in the line", async () => {
  await using scene = await Scene.open({ userLimit: 1 });
  const members = [];
  for (let at = 0; at <= 10; at++) members.push(await scene.server.enroll(`m${at}`));
  const served = await scene.link(members.pop()!);
  assert(await isServed(served));
  const waiting: Channel[] = [];
  for (const member of members) {
    const channel = await scene.channel(member);
    channel.send(balanceRequestType.type, {});
    waiting.push(channel);
  }
  await waitUntil(() => scene.count("waiting") === 10);
  for (const at of [4, 0, 9, 5, 1]) waiting[at]!.close();
  served.channel.close();
  for (const channel of waiting) channel.close();
  await scene.allGone();
});

const unread: Readonly<Record<string, (scene: Scene, channel: Channel) => Promise<void>>> = {
  "leaves": (_, channel) => Promise.resolve(channel.close()),
  "is revoked": async ({ clock, server }) => {
    await server.end({ kind: "closure", name: named("alice") });
    clock.advance(ledgerWatchMs);
  },
};

for (const [way, leave] of Object.entries(unread)) {
  Deno.test(`leaving: a waiting member that ${way} releases its place, even with an unanswered request`, async () => {
    let revision = 0;
    const wrap = (ledger: Ledger) =>
      new Proxy(ledger, {
        get: (target, name: keyof Ledger) =>
          name === "revision" ? () => Promise.resolve(revision++) : target[name].bind(target),
      });
    await using scene = await Scene.open({ userLimit: 1, wrap });
    const { clock, server } = scene;
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const served = await scene.link(bob);
    assert(await isServed(served));
    const connection = await scene.greet();
    const signer = { kind: "certified", identity: alice } as const;
    const channel = connection.introduce({ signer, sessionKey });
    channel.send(balanceRequestType.type, {});
    await channel.send(balanceRequestType.type, {}).written;
    assertEquals((await channel.receive()).kind, "message");
    // Only the one that is served is still to be asked whether it is there.
    const idle = () => clock.delays.filter((delayMs) => delayMs === memberIdleMs);
    await waitUntil(() => idle().length === 1, "its next request to be read");
    await leave(scene, channel);
    clock.advance(waitingRepeatMs);
    await waitUntil(
      () => scene.count("disconnected", connection.stream) === 1,
      "its place to be free",
    );
    assert(await isServed(served));
  });
}

Deno.test("leaving: 3,000 connections that close at once disturb nobody, and their address can connect later", async () => {
  await using scene = await Scene.open({ userLimit: 10 });
  const bob = await scene.link(await scene.server.enroll("bob"), "192.0.2.7");
  assert(await isServed(bob));
  for (let round = 0; round < 30; round++) {
    const streams = await Promise.all(Array.from({ length: 100 }, () => scene.dial()));
    for (const stream of streams) stream.close();
    assert(await isServed(bob));
  }
  bob.channel.close();
  await scene.allGone();
  // None of the address's part leaked: it can have all of it, at the same time.
  const crowdedOut = scene.count("crowded_out");
  const all = await Promise.all(
    Array.from({ length: strangersOfAddressMax }, () => scene.dial()),
  );
  await waitUntil(() => {
    const last = scene.server.events.all.findLast((event) => "strangers" in event)!;
    return "strangers" in last && last.strangers === strangersOfAddressMax;
  }, "all of the part");
  assertEquals(scene.count("crowded_out"), crowdedOut);
  for (const stream of all) stream.close();
  await scene.allGone();
});

Deno.test("leaving: after any number of refused lines from an address, the server reads each later line, and serves a member there", async () => {
  await using scene = await Scene.open();
  const bob = await scene.server.enroll("bob");
  const nonsense = async () => {
    const { stream } = await scene.greet();
    await stream.write(bytesOf("nonsense\n"));
    await drain(stream);
  };
  for (let count = 1; count <= 3 * strangerLinesAtOnce; count++) {
    await nonsense();
    await waitUntil(() => scene.count("line_refused") === count);
  }
  const link = await scene.link(bob);
  assert(await isServed(link));
  link.channel.close();
});

Deno.test("leaving: after many bad lines from its address, a member waits for the lines before its own and no longer", async () => {
  await using scene = await Scene.open();
  const { clock } = scene;
  const bob = await scene.server.enroll("bob");
  // Each is a good line of somebody who is no member.
  const { signer } = makeApplicant("mallory");
  const strange = async () => {
    const channel = (await scene.greet()).introduce({ signer, sessionKey });
    await channel.send(balanceRequestType.type, {}).written;
    return channel;
  };
  for (let count = 0; count < strangerLinesAtOnce; count++) {
    const channel = await strange();
    await channel.receive();
    channel.close();
  }
  const late = [await strange(), await strange()];
  const link = await scene.link(bob);
  const asked = isServed(link);
  assert(await isServed(await scene.link(bob, "192.0.2.7")));
  const due = () => clock.delays.includes(strangerLineEveryMs);
  for (let line = 0; line < 3; line++) {
    await waitUntil(due, "the next line's turn");
    clock.advance(strangerLineEveryMs);
  }
  assert(await asked);
  for (const channel of late) channel.close();
});
