/** A second login of an account whose online connection is silent replaces that connection. */
import { assert, assertEquals } from "@std/assert";
import { replaceWaitMs } from "../../../src/limits.ts";
import { closingType } from "../../../src/protocol/exit.ts";
import { loginRequestType } from "../../../src/protocol/login.ts";
import { pingType, pongType } from "../../../src/protocol/ping.ts";
import type { Channel } from "../../../src/transport/channel.ts";
import { ManualClock } from "../../manual_clock.ts";
import { MemoryNetwork } from "../../transport/memory_network.ts";
import { named, sessionKey, startServer } from "../test_server.ts";
import { waitUntil } from "../wait_until.ts";

const name = named("alice");

/** A connection of alice that is online and answers only when the test does, and a second one. */
async function openScene() {
  const clock = new ManualClock(Date.now());
  const server = await startServer({ clock, network: new MemoryNetwork() });
  const identity = await server.enroll("alice");
  const connection = await server.connect();
  const first = connection.introduce({ signer: { kind: "certified", identity }, sessionKey });
  first.send(loginRequestType.type, { name, port: 1 });
  await first.receive();
  const link = await server.link(identity);
  const logIn = () => link.ask(loginRequestType, { name, port: 2 });
  return { clock, identity, server, first, logIn };
}

Deno.test("login: an online connection that gives no sign of life is replaced by the next login", async () => {
  const { clock, server: started, first, logIn } = await openScene();
  await using server = started;
  const second = logIn();
  assertEquals(await typeOf(first), pingType);
  clock.advance(replaceWaitMs - 1);
  assertEquals((await server.ledger.presence(name))?.privatePort, 1);
  clock.advance(1);
  assertEquals((await second).outcome, "answered");
  assertEquals((await server.ledger.presence(name))?.privatePort, 2);
  const goodbye = await first.receive();
  assert(goodbye.kind === "message");
  assertEquals([goodbye.message.type, goodbye.message.body], [closingType, { replaced: true }]);
  assertEquals((await first.receive()).kind, "end");
  await server.events.until(({ kind }) => kind === "disconnected");
  assertEquals((await server.ledger.presence(name))?.privatePort, 2);
  assertEquals(server.events.all.filter(({ kind }) => kind === "replaced").length, 1);
});

Deno.test("login: an online connection that answers the ping keeps its place", async () => {
  const { clock, server: started, first, logIn } = await openScene();
  await using server = started;
  for (let round = 0; round < 3; round++) {
    const second = logIn();
    assertEquals(await typeOf(first), pingType);
    clock.advance(replaceWaitMs - 1);
    first.send(pongType, {});
    assertEquals(await second, { outcome: "refused", code: 230, text: "DUPLICATE_LOGIN" });
  }
  assertEquals((await server.ledger.presence(name))?.privatePort, 1);
  first.close();
});

Deno.test("login: a connection that closes while it is asked makes room at once", async () => {
  const { server: started, first, logIn } = await openScene();
  await using server = started;
  const second = logIn();
  assertEquals(await typeOf(first), pingType);
  first.close();
  assertEquals((await second).outcome, "answered");
  assertEquals((await server.ledger.presence(name))?.privatePort, 2);
});

Deno.test("login: of two logins that find a silent connection, one replaces it", async () => {
  const { clock, identity, server: started, first, logIn } = await openScene();
  await using server = started;
  const another = await server.link(identity);
  const logins = [logIn(), another.ask(loginRequestType, { name, port: 3 })];
  assertEquals(await typeOf(first), pingType);
  await waitUntil(() => clock.delays.includes(replaceWaitMs), "the server to wait");
  clock.advance(replaceWaitMs);
  const codes = (await Promise.all(logins)).map(({ outcome }) => outcome);
  assertEquals(codes.toSorted(), ["answered", "refused"]);
});

async function typeOf(channel: Channel): Promise<string> {
  const arrival = await channel.receive();
  assert(arrival.kind === "message");
  return arrival.message.type;
}
