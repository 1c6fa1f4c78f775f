/**
 * The limit on concurrent users over real sockets: places are told and permits are given back.
 */
import { assertEquals, assertRejects } from "@std/assert";
import type { ServerLink } from "../../../src/client/server_link.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import type { ServerEvent } from "../../../src/server/server_event.ts";
import { EventLog } from "../event_log.ts";
import { makeApplicant, startServer, type TestServer } from "../test_server.ts";

Deno.test("waiting: a member is told each place, and is served when the one before it leaves", async () => {
  await using server = await startServer({ userLimit: 1 });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const first = await served(server, alice);
  const second = await comer(server, bob);
  await second.places.until((place) => place === 1);
  const third = await comer(server, bob);
  await third.places.until((place) => place === 2);
  first.channel.close();
  assertEquals((await second.asked).outcome, "answered");
  await third.places.until((place) => place === 1);
  await second.link.end();
  assertEquals((await third.asked).outcome, "answered");
  assertEquals([second.places.all, third.places.all], [[1], [2, 1]]);
  third.link.channel.close();
  await allGone(server, 3);
});

Deno.test("waiting: a member that leaves while it waits gives its place back", async () => {
  await using server = await startServer({ userLimit: 1 });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const first = await served(server, alice);
  const goer = await comer(server, alice);
  goer.asked.catch(() => {});
  await goer.places.until((place) => place === 1);
  const stayer = await comer(server, bob);
  await stayer.places.until((place) => place === 2);
  goer.link.channel.close();
  await stayer.places.until((place) => place === 1);
  first.channel.close();
  assertEquals((await stayer.asked).outcome, "answered");
  stayer.link.channel.close();
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
      const { signer } = makeApplicant("alice");
      const link = await server.link(signer);
      assertEquals((await link.ask(balanceRequestType, {})).outcome, "refused");
      link.channel.close();
    },
  },
];

for (const { title, leave } of waysOut) {
  Deno.test(`waiting: a client that ${title} gives its place among the strangers back`, async () => {
    await using server = await startServer({ userLimit: 1 });
    await leave(server);
    (await server.connect()).close();
    await allGone(server, 2);
  });
}

Deno.test("waiting: an applicant is answered however many members wait", async () => {
  await using server = await startServer({ userLimit: 1 });
  const alice = await server.enroll("alice");
  await served(server, alice);
  const waiting = await comer(server, alice);
  await waiting.places.until((place) => place === 1);
  await server.enroll("bob");
  assertEquals(waiting.places.all, [1]);
  const failed = assertRejects(() => waiting.asked);
  waiting.link.channel.close();
  await failed;
});

Deno.test("waiting: requests sent while a member waits are answered in order when it is served", async () => {
  await using server = await startServer({ userLimit: 1 });
  const alice = await server.enroll("alice");
  const first = await served(server, alice);
  const waiting = await comer(server, alice);
  await waiting.places.until((place) => place === 1);
  const more = Array.from({ length: 5 }, () => waiting.link.ask(balanceRequestType, {}));
  await first.end();
  const outcomes = await Promise.all([waiting.asked, ...more]);
  assertEquals(outcomes.map(({ outcome }) => outcome), Array(6).fill("answered"));
});

/** The connection of a member that has been answered, and so holds a permit. */
async function served(server: TestServer, identity: Identity): Promise<ServerLink> {
  const link = await server.link(identity);
  await link.ask(balanceRequestType, {});
  return link;
}

/** A member that asks at once, and may have to wait for the answer. */
async function comer(server: TestServer, identity: Identity) {
  const places = new EventLog<number>(String);
  const link = await server.link(identity, undefined, (place) => places.add(place));
  return { places, link, asked: link.ask(balanceRequestType, {}) };
}

/** After so many connections have ended, no member is served or waits, and no stranger is left. */
async function allGone(server: TestServer, count: number): Promise<void> {
  const isLast = (event: ServerEvent) =>
    event.kind === "disconnected" && event.served + event.waiting + event.strangers === 0 &&
    server.events.all.filter(({ kind }) => kind === "disconnected").length === count;
  await server.events.until(isLast, { what: `${count} connections to be gone` });
}
