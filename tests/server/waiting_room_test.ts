/**
 * The limit on concurrent users over real sockets: places are told, turns come, permits are given back on every way out.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { balanceExchange } from "../../src/protocol/balance.ts";
import { Admission } from "../../src/server/admission.ts";
import type { ServerEvent } from "../../src/server/server_event.ts";
import { WaitingNotices } from "../../src/server/waiting_notices.ts";
import { turnAway, waitForTurn } from "../../src/server/waiting_room.ts";
import { systemClock } from "../../src/clock.ts";
import { greeted } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { EventLog } from "./event_log.ts";
import { makeApplicant, serverIdentity, startServer, type TestServer } from "./test_server.ts";

Deno.test("waiting: each place is told, and the turn comes when the one before leaves", async () => {
  await using server = await startServer({ userLimit: 1 });
  const identity = await server.enroll("alice");
  await allGone(server, 1);
  const first = await server.connect();
  const second = comer(server);
  await second.places.until((place) => place === 1);
  const third = comer(server);
  await third.places.until((place) => place === 2);
  first.close();
  const served = await second.greeted;
  await third.places.until((place) => place === 1);
  const link = await server.link(identity, served);
  assertEquals((await link.ask(balanceExchange, {})).outcome, "answered");
  await link.end();
  (await third.greeted).close();
  assertEquals([second.places.all, third.places.all], [[1], [2, 1]]);
  await allGone(server, 4);
});

Deno.test("waiting: whoever goes away while it waits gives its place back", async () => {
  await using server = await startServer({ userLimit: 1 });
  const first = await server.connect();
  await server.events.until((event) => event.kind === "connected");
  const goer = await dial(server);
  await server.events.until((event) => event.kind === "waiting" && event.place === 1);
  const stayer = comer(server);
  await stayer.places.until((place) => place === 2);
  goer.close();
  await stayer.places.until((place) => place === 1);
  first.close();
  (await stayer.greeted).close();
  await allGone(server, 3);
});

const waysOut: readonly { title: string; leave: (server: TestServer) => Promise<void> }[] = [
  {
    title: "closes without a word",
    leave: async (server) => (await server.connect()).close(),
  },
  {
    title: "sends what is no message",
    leave: async (server) => {
      const { stream } = await server.connect();
      await stream.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
      assertEquals(await stream.read(new Uint8Array(1)), null);
      stream.close();
    },
  },
  {
    title: "closes in the middle of a line",
    leave: async (server) => {
      const { stream } = await server.connect();
      await stream.write(new TextEncoder().encode("eyJ"));
      stream.close();
    },
  },
  {
    title: "is refused",
    leave: async (server) => {
      const { signer } = await makeApplicant("alice");
      const link = await server.link(signer);
      assertEquals((await link.ask(balanceExchange, {})).outcome, "refused");
      link.channel.close();
    },
  },
];

for (const { title, leave } of waysOut) {
  Deno.test(`waiting: a client that ${title} gives its permit back`, async () => {
    await using server = await startServer({ userLimit: 1 });
    await leave(server);
    (await server.connect()).close();
    await allGone(server, 2);
  });
}

Deno.test("waiting: what a client sends early is read when it is served", async () => {
  await using server = await startServer();
  const { listener, stream } = await pair();
  const accepted = (await listener.accept())!;
  const admission = new Admission({ userLimit: 1, places: 1 });
  const serving = admission.enter("")!;
  const context = await contextOf(server);
  const turn = waitForTurn(accepted, admission.enter("")!, context);
  const early = "x".repeat(200);
  await stream.write(new TextEncoder().encode(early));
  serving.release();
  const served = (await turn)!;
  let read = "";
  while (read.length < early.length) {
    const buffer = new Uint8Array(4096);
    const count = await served.read(buffer);
    read += new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  }
  assertEquals(read, early);
  for (const end of [stream, served, listener]) end.close();
});

Deno.test("waiting: past the waiting room a client is told that it is full", async () => {
  await using server = await startServer();
  const { listener, stream } = await pair();
  const accepted = (await listener.accept())!;
  const refused = assertRejects(
    () =>
      greeted(stream, {
        role: "server",
        resolveAnchor: () => Promise.resolve(server.anchor),
        clock: systemClock,
        timeoutMs: 20_000,
      }),
    Error,
    "it is full; try again later",
  );
  await turnAway(accepted, await contextOf(server));
  await refused;
  listener.close();
});

/** Somebody who connects and may have to wait. */
function comer(server: TestServer) {
  const places = new EventLog<number>(String);
  return { places, greeted: server.connect((place) => places.add(place)) };
}

async function dial(server: TestServer) {
  return await tcpNetwork.connect(server.endpoint, { signal: new AbortController().signal });
}

async function contextOf({ authority }: TestServer) {
  const parts = { identity: await serverIdentity(authority), clock: systemClock };
  return { notices: new WaitingNotices(parts), clock: systemClock };
}

async function pair() {
  const listener = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  const signal = new AbortController().signal;
  return { listener, stream: await tcpNetwork.connect(listener.endpoint, { signal }) };
}

/** After so many connections have ended nobody is served and nobody waits. */
async function allGone(server: TestServer, count: number): Promise<void> {
  const isLast = (event: ServerEvent) =>
    event.kind === "disconnected" && event.served === 0 && event.waiting === 0 &&
    server.events.all.filter(({ kind }) => kind === "disconnected").length === count;
  await server.events.until(isLast, { what: `${count} connections to be gone` });
}
