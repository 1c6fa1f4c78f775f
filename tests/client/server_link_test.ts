/**
 * A client's connection to its server: how long the server may be silent, which answer belongs to which question, and what a push has to
 * look like.
 */
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { ServerLink } from "../../src/client/server_link.ts";
import { ProtocolError, TimeoutError } from "../../src/errors.ts";
import { memberIdleMs, pongTimeoutMs, serverSilenceMsMax } from "../../src/limits.ts";
import { balanceExchange } from "../../src/protocol/balance.ts";
import { answered, encodeReply, replyType } from "../../src/protocol/exchange.ts";
import { closingType } from "../../src/protocol/exit.ts";
import { pingType, pongType } from "../../src/protocol/ping.ts";
import { acceptChannel } from "../../src/transport/accept_channel.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { greeted } from "../../src/transport/connect_channel.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { atMs, sessionKeys, signers } from "../envelope/vector_parties.ts";
import { ManualClock } from "../manual_clock.ts";
import { soon } from "../server/soon.ts";
import { acceptOptions, greetedOptions } from "../transport/channel_fixture.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";

const timeoutMs = 1000;

interface Linked {
  readonly clock: ManualClock;
  readonly link: ServerLink;
  /** The server's end. It has answered one question. */
  readonly server: Channel;
}

/** Nothing passes but what the test lets pass: the clock is the client's, and the server does what the test does. */
async function linked(act: (scene: Linked) => Promise<void>): Promise<void> {
  const clock = new ManualClock(atMs);
  const network = new MemoryNetwork();
  const listener = network.listen({ host: "127.0.0.1", port: 0 });
  const connecting = network.connect(listener.endpoint, { signal: new AbortController().signal });
  const accepting = acceptChannel((await listener.accept())!, acceptOptions("server"));
  const connection = await greeted(await connecting, greetedOptions("server", { clock }));
  const channel = connection.introduce({ signer: signers.alice, sessionKey: sessionKeys.alice });
  const link = new ServerLink(channel, { clock, timeoutMs, serverTimeMs: atMs });
  const asked = link.ask(balanceExchange, {});
  const { channel: server } = (await accepting)!;
  reply(server, 0, 100);
  assertEquals(await asked, answered({ balance: 100 }));
  await waiting(clock);
  await act({ clock, link, server });
  channel.close();
  await link.closed;
  assertEquals(clock.pending, 0);
  listener.close();
}

function reply(server: Channel, re: number, balance: number): void {
  server.send(replyType, encodeReply(balanceExchange, re, answered({ balance })));
}

/** Waits until the client waits for the server's next word. */
async function waiting(clock: ManualClock): Promise<void> {
  await soon(() => clock.delays.includes(serverSilenceMsMax), "the client to wait");
}

Deno.test("link: a server that says nothing for longer than it would without asking is taken for gone", async () => {
  await linked(async ({ clock, link }) => {
    clock.advance(serverSilenceMsMax - 1);
    await Promise.resolve();
    assertEquals(link.isOpen, true);
    clock.advance(1);
    const reason = await link.closed;
    assertInstanceOf(reason.cause, TimeoutError);
    assertStringIncludes(reason.message, "nothing came in time");
    assertEquals(link.isOpen, false);
    assertEquals(await assertRejects(() => link.ask(balanceExchange, {})), reason);
  });
});

Deno.test("link: a server that asks as late as it may is still there, and is answered", async () => {
  await linked(async ({ clock, link, server }) => {
    for (let round = 0; round < 3; round++) {
      clock.advance(memberIdleMs + pongTimeoutMs);
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
    const late = assertRejects(() => link.ask(balanceExchange, {}), TimeoutError);
    clock.advance(timeoutMs);
    await late;
    const next = link.ask(balanceExchange, {});
    reply(server, 1, 1);
    reply(server, 2, 2);
    assertEquals(await next, answered({ balance: 2 }));
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
    const asked = link.ask(balanceExchange, {});
    reply(server, 1, 7);
    assertEquals(await asked, answered({ balance: 7 }));
  });
});
