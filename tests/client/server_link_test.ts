/**
 * A client's connection to its server: how long the server may be silent, which reply belongs to
 * which request, the form of a push, and when the link moves to another server.
 */
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { ServerLink } from "../../src/client/server_link.ts";
import { ClosedError, ProtocolError, TimeoutError } from "../../src/errors.ts";
import {
  memberIdleMs,
  pongTimeoutMs,
  serverSilenceMsMax,
  waitingRepeatMs,
  waitingSilenceMsMax,
} from "../../src/limits.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { answerWith, encodeReply, refuse, replyType } from "../../src/protocol/request_type.ts";
import { closingType } from "../../src/protocol/exit.ts";
import { pingType, pongType } from "../../src/protocol/ping.ts";
import { waitingType } from "../../src/protocol/waiting.ts";
import type { Channel } from "../../src/transport/channel.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { atMs } from "../envelope/vector_parties.ts";
import { ManualClock } from "../manual_clock.ts";
import { waitUntil } from "../server/wait_until.ts";
import { connectToServer, type Linked, linked, reply, timeoutMs, waiting } from "./link_scene.ts";

Deno.test("link: a server that is silent for longer than its ping interval counts as gone", async () => {
  await linked(async ({ clock, link }) => {
    clock.advance(serverSilenceMsMax - 1);
    await Promise.resolve();
    assertEquals(link.isOpen, true);
    clock.advance(1);
    const reason = await link.closed;
    assertInstanceOf(reason.cause, TimeoutError);
    assertStringIncludes(reason.message, "nothing came in time");
    assertEquals(link.isOpen, false);
    assertEquals(await assertRejects(() => link.ask(balanceRequestType, {})), reason);
  });
});

Deno.test("link: a server that asks as late as it may is still there, and is answered", async () => {
  await linked(async ({ clock, link, server }) => {
    for (let round = 0; round < 3; round++) {
      clock.advance(memberIdleMs + pongTimeoutMs - 1);
      server.send(pingType, {});
      const pong = await server.receive();
      assertEquals(pong.kind === "message" && [pong.message.type, pong.message.body], [
        pongType,
        {},
      ]);
      await waiting(clock);
    }
    assertEquals(link.isOpen, true);
  });
});

Deno.test("link: an answer that comes too late is nobody's, and the next question gets its own", async () => {
  await linked(async ({ clock, link, server }) => {
    const late = assertRejects(() => link.ask(balanceRequestType, {}), TimeoutError);
    clock.advance(timeoutMs);
    await late;
    const next = link.ask(balanceRequestType, {});
    reply(server, 1, 1);
    reply(server, 2, 2);
    assertEquals(await next, answerWith({ balance: 2 }));
    assertEquals(link.isOpen, true);
  });
});

const pushes: readonly {
  readonly type: string;
  readonly body: JsonObject;
  readonly says: string;
}[] = [
  { type: pingType, body: { now: 1 }, says: "read a ping: now: " },
  { type: closingType, body: { dismissed: false }, says: "read a goodbye: dismissed: " },
  { type: closingType, body: { why: "tea" }, says: "read a goodbye: why: " },
  { type: replyType, body: { re: 1 }, says: "read a reply: code: " },
  { type: waitingType, body: {}, says: "read a place in the waiting room: place: " },
  { type: waitingType, body: { place: -1 }, says: "read a place in the waiting room: place: " },
];

for (const { type, body, says } of pushes) {
  Deno.test(`link: a ${type} with the body ${JSON.stringify(body)} ends the connection`, async () => {
    await linked(async ({ link, server }) => {
      server.send(type, body);
      const reason = await link.closed;
      assertInstanceOf(reason.cause, ProtocolError);
      assertStringIncludes(reason.message, says);
      // Not answered either.
      assertEquals((await server.receive()).kind, "end");
    });
  });
}

Deno.test("link: a push of a type that is not known is passed over", async () => {
  await linked(async ({ link, server }) => {
    server.send("weather", { sun: true });
    const asked = link.ask(balanceRequestType, {});
    reply(server, 1, 7);
    assertEquals(await asked, answerWith({ balance: 7 }));
  });
});

Deno.test("link: what is asked after the server refused the connection gets the same refusal", async () => {
  for (const code of [230, 510] as const) {
    const clock = new ManualClock(atMs);
    const { channel, accepting } = await connectToServer({ clock, serverClock: clock });
    const link = new ServerLink(channel, { clock, timeoutMs, serverTimeMs: atMs });
    const asked = link.ask(balanceRequestType, {});
    const { channel: server } = (await accepting)!;
    server.send(replyType, encodeReply(balanceRequestType, 0, refuse(code)));
    assertEquals(await asked, refuse(code));
    await server.end();
    await link.closed;
    assertEquals(await link.ask(balanceRequestType, {}), refuse(code));
  }
});

/** Lets the same time pass for both. */
function pass({ clock, serverClock }: Linked, ms: number): void {
  clock.advance(ms);
  serverClock.advance(ms);
}

Deno.test("link: while the server tells a place, an answer may take as long as it takes", async () => {
  const places: number[] = [];
  await linked(async (scene) => {
    const { clock, link, server } = scene;
    const asked = link.ask(balanceRequestType, {});
    for (const place of [3, 3, 3, 2, 2, 1, 1, 1]) {
      server.send(waitingType, { place });
      await waitUntil(() => clock.delays.includes(waitingSilenceMsMax), "the client to wait on");
      pass(scene, waitingRepeatMs);
    }
    reply(server, 1, 7);
    assertEquals(await asked, answerWith({ balance: 7 }));
    // Each once, however often it is told.
    assertEquals(places, [3, 2, 1]);
  }, { onWaiting: (place) => places.push(place) });
});

Deno.test("link: a client stops waiting for a server that stops telling its place", async () => {
  await linked(async (scene) => {
    const { clock, link, server } = scene;
    const late = assertRejects(() => link.ask(balanceRequestType, {}), TimeoutError);
    server.send(waitingType, { place: 2 });
    await waitUntil(() => clock.delays.includes(waitingSilenceMsMax), "the client to wait on");
    pass(scene, waitingSilenceMsMax);
    assertStringIncludes((await late).message, "no answer in time, at place 2 of its waiting room");
  });
});

Deno.test("link: a given timeout bounds the wait, whatever places the server tells", async () => {
  await linked(async (scene) => {
    const { link, server } = scene;
    const late = assertRejects(() => link.ask(balanceRequestType, {}), TimeoutError);
    let told = 0;
    link.listen(waitingType, () => told++);
    for (let notice = 1; notice <= 4; notice++) {
      server.send(waitingType, { place: 1 });
      await waitUntil(() => told === notice, "the notice");
      pass(scene, timeoutMs / 4);
    }
    await late;
  }, { boundsWaiting: true });
});

Deno.test("link: places that somebody on the path holds back do not make a client wait for ever", async () => {
  await linked(async (scene) => {
    const { clock, serverClock, link, server } = scene;
    const late = assertRejects(() => link.ask(balanceRequestType, {}), TimeoutError);
    let told = 0;
    link.listen(waitingType, () => told++);
    let isLate = false;
    late.then(() => isLate = true);
    // Made one after the other, and let through one by one with longer and longer delays.
    for (let notice = 1; notice <= 3; notice++) {
      server.send(waitingType, { place: 1 });
      await waitUntil(() => told === notice, "the notice");
      serverClock.advance(waitingRepeatMs);
      clock.advance(waitingSilenceMsMax - 1000);
    }
    await waitUntil(() => isLate, "the client to give up");
  });
});

Deno.test("link: place 0 ends the connection, and says that the server is full", async () => {
  await linked(async ({ link, server }) => {
    const refused = assertRejects(() => link.ask(balanceRequestType, {}), ClosedError);
    await server.receive();
    await server.send(waitingType, { place: 0 }).written;
    server.close();
    assertStringIncludes((await refused).message, "it is full; try again later");
    await link.closed;
  });
});

Deno.test("link: the first answer says that a connection is served; before it, it is asked for", async () => {
  await linked(async ({ link }) => {
    // It was answered before.
    assertEquals(await link.beServed(), undefined);
  });
});

/** A link that has two servers, and is at the first one. */
function withTwoServers(
  act: (scene: Linked & { readonly second: Promise<Channel>; moves: number }) => Promise<void>,
): Promise<void> {
  const second = Promise.withResolvers<Channel>();
  let scene: Parameters<typeof act>[0];
  const connect = async () => {
    scene.moves++;
    const { channel, accepting } = await connectToServer(scene);
    accepting.then((accepted) => second.resolve(accepted!.channel), second.reject);
    return { channel, serverTimeMs: scene.serverClock.nowMs() };
  };
  return linked(async (linked) => {
    scene = { ...linked, second: second.promise, moves: 0 };
    await act(scene);
  }, { others: { count: 2, connect } });
}

const losses: readonly {
  readonly title: string;
  lose(scene: Linked): void;
}[] = [
  { title: "its server closes the connection", lose: ({ server }) => server.close() },
  {
    title: "its server is stopping",
    lose({ server }) {
      server.send(closingType, {});
      server.end();
    },
  },
  {
    title: "its server is full",
    lose({ server }) {
      server.send(waitingType, { place: 0 });
      server.end();
    },
  },
  { title: "its server does not answer in time", lose: ({ clock }) => clock.advance(timeoutMs) },
  {
    title: "its server does not reach the database",
    lose: ({ server }) => server.send(replyType, encodeReply(balanceRequestType, 1, refuse(510))),
  },
];

for (const { title, lose } of losses) {
  Deno.test(`link: when ${title}, all that has no answer is asked once at the next server, which answers from then on`, () =>
    withTwoServers(async (scene) => {
      const { link, server, clock } = scene;
      const asked = [link.ask(balanceRequestType, {}), link.ask(balanceRequestType, {})];
      let losses = 0;
      link.onLost(() => losses++);
      for (const _ of asked) await server.receive();
      lose(scene);
      const second = await scene.second;
      await second.receive();
      for (const [re] of asked.entries()) reply(second, re, 7 + re);
      const balances = (await Promise.all(asked)).map((one) =>
        one.outcome === "answered" && one.answer.balance
      );
      assertEquals(balances.sort(), [7, 8]);
      await waitUntil(() => losses === 1, "the loss to be told");
      const next = link.ask(balanceRequestType, {});
      await second.receive();
      reply(second, 2, 9);
      assertEquals(await next, answerWith({ balance: 9 }));
      assertEquals([scene.moves, link.isOpen], [1, true]);
      await waiting(clock);
    }));
}

Deno.test("link: when each server refuses for want of the database, that is the answer", () =>
  withTwoServers(async (scene) => {
    const { link, server } = scene;
    const asked = link.ask(balanceRequestType, {});
    await server.receive();
    server.send(replyType, encodeReply(balanceRequestType, 1, refuse(510)));
    const second = await scene.second;
    second.send(replyType, encodeReply(balanceRequestType, 0, refuse(510)));
    assertEquals(await asked, refuse(510));
    assertEquals([scene.moves, link.isOpen], [1, true]);
  }));

Deno.test("link: when each server was lost, the link is over", () =>
  withTwoServers(async (scene) => {
    const { link, server } = scene;
    const asked = assertRejects(() => link.ask(balanceRequestType, {}), ClosedError);
    server.close();
    (await scene.second).close();
    await asked;
    await link.closed;
    assertEquals([scene.moves, link.isOpen], [1, false]);
  }));

for (const why of ["stays", "is dismissed"]) {
  Deno.test(`link: a link that ${why} does not move`, () =>
    withTwoServers(async (scene) => {
      const { link, server } = scene;
      if (why === "stays") link.stay();
      const asked = assertRejects(() => link.ask(balanceRequestType, {}), ClosedError);
      await server.receive();
      if (why === "is dismissed") server.send(closingType, { dismissed: true });
      server.end();
      await asked;
      await link.closed;
      assertEquals([scene.moves, link.isOpen], [0, false]);
    }));
}
