/**
 * Silent connections: a member gets a ping, and goes offline without an answer.
 */
import { assert, assertEquals } from "@std/assert";
import {
  applicantTimeoutMs,
  firstMessageTimeoutMs,
  memberIdleMs,
  pongTimeoutMs,
} from "../../../src/limits.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { replyType } from "../../../src/protocol/request_type.ts";
import { loginRequestType } from "../../../src/protocol/login.ts";
import { pingType, pongType } from "../../../src/protocol/ping.ts";
import { ManualClock } from "../../manual_clock.ts";
import { MemoryNetwork } from "../../transport/memory_network.ts";
import { waitUntil } from "../wait_until.ts";
import { makeApplicant, named, sessionKey, startServer } from "../test_server.ts";

async function startOnManualClock() {
  const clock = new ManualClock(Date.now());
  const server = await startServer({ clock, network: new MemoryNetwork() });
  return { clock, server };
}

/** Logged in by hand, so that a ping is answered only when the test does. */
async function logInByHand({ clock, server }: Awaited<ReturnType<typeof startOnManualClock>>) {
  const identity = await server.enroll("alice");
  const connection = await server.connect();
  const signer = { kind: "certified", identity } as const;
  const channel = connection.introduce({ signer, sessionKey });
  channel.send(loginRequestType.type, { name: named("alice"), port: 1 });
  await channel.receive();
  await waitUntil(() => isDue(clock, memberIdleMs), "the server to wait");
  return channel;
}

Deno.test("liveness: a silent member gets a ping, and stays when it answers", async () => {
  const scene = await startOnManualClock();
  await using server = scene.server;
  const channel = await logInByHand(scene);
  const { clock } = scene;
  for (let round = 0; round < 3; round++) {
    clock.advance(memberIdleMs - 1);
    assertEquals(isDue(clock, 1), true);
    clock.advance(1);
    const ping = await channel.receive();
    assertEquals(ping.kind === "message" && ping.message.type, pingType);
    clock.advance(pongTimeoutMs - 1);
    channel.send(pongType, {});
    await waitUntil(() => isDue(clock, memberIdleMs), "the pong to be heard");
  }
  assertEquals(kinds(server).includes("offline"), false);
  channel.close();
});

Deno.test("liveness: a member that does not answer a ping is closed and goes offline, and its permit is free", async () => {
  const scene = await startOnManualClock();
  await using server = scene.server;
  const channel = await logInByHand(scene);
  scene.clock.advance(memberIdleMs);
  await channel.receive();
  scene.clock.advance(pongTimeoutMs - 1);
  assertEquals(kinds(server).includes("offline"), false);
  scene.clock.advance(1);
  assertEquals((await channel.receive()).kind, "end");
  const gone = await server.events.until(({ kind, ...event }) =>
    kind === "disconnected" && "name" in event && event.name === named("alice")
  );
  assertEquals("served" in gone && gone.served, 0);
  assertEquals(kinds(server).includes("offline"), true);
  const refused = server.events.all.find(({ kind }) => kind === "line_refused");
  assertEquals(refused, {
    kind: "line_refused",
    remote: channel.local,
    reason: "it did not answer whether it is there",
  });
});

Deno.test("liveness: a pong with members is 410, and the connection stays", async () => {
  const scene = await startOnManualClock();
  await using _server = scene.server;
  const channel = await logInByHand(scene);
  channel.send(pongType, {});
  const { seq } = channel.send(pongType, { now: 1 });
  const arrival = await channel.receive();
  assert(arrival.kind === "message");
  const { re, code } = arrival.message.body;
  assertEquals([arrival.message.type, re, code], [replyType, seq, 410]);
  channel.send(balanceRequestType.type, {});
  const next = await channel.receive();
  assertEquals(next.kind === "message" && next.message.body.code, 300);
  channel.close();
});

Deno.test("liveness: any message answers a ping, and the client's link answers by itself", async () => {
  const { clock, server: started } = await startOnManualClock();
  await using server = started;
  const link = await server.link(await server.enroll("alice"));
  let pings = 0;
  link.listen(pingType, () => pings++);
  await link.ask(balanceRequestType, {});
  for (let round = 1; round <= 3; round++) {
    await waitUntil(() => isDue(clock, memberIdleMs), "the server to wait");
    clock.advance(memberIdleMs);
    await waitUntil(() => pings === round, "the ping");
  }
  await waitUntil(() => isDue(clock, memberIdleMs), "the pong to be heard");
  assertEquals((await link.ask(balanceRequestType, {})).outcome, "answered");
});

Deno.test("liveness: a silent connection has the time of the first message", async () => {
  const { clock, server: started } = await startOnManualClock();
  await using server = started;
  const { stream } = await server.connect();
  await waitUntil(() => isDue(clock, firstMessageTimeoutMs), "the server to wait");
  clock.advance(firstMessageTimeoutMs - 1);
  assertEquals(kinds(server).includes("disconnected"), false);
  clock.advance(1);
  assertEquals(await stream.read(new Uint8Array(1)), null);
  const gone = await server.events.until(({ kind }) => kind === "disconnected");
  assertEquals("served" in gone && gone.served, 0);
});

Deno.test("liveness: a newcomer has a bounded time for everything that it sends", async () => {
  const { clock, server: started } = await startOnManualClock();
  await using server = started;
  const link = await server.link((makeApplicant("alice")).signer);
  const startMs = clock.monotonicMs();
  while (clock.monotonicMs() - startMs < applicantTimeoutMs - 10_000) {
    assertEquals((await link.ask(balanceRequestType, {})).outcome, "refused");
    clock.advance(10_000);
  }
  clock.advance(9_999);
  assertEquals(link.isOpen, true);
  clock.advance(1);
  await link.closed;
  const refused = await server.events.until(({ kind }) => kind === "line_refused");
  assertEquals("reason" in refused && refused.reason, "it did not register in time");
});

function kinds({ events }: { events: { all: readonly { kind: string }[] } }): string[] {
  return events.all.map(({ kind }) => kind);
}

/**
 * Whether a timer is due in exactly this time. The server also reads its ledger every few seconds.
 */
function isDue(clock: ManualClock, delayMs: number): boolean {
  return clock.delays.includes(delayMs);
}
