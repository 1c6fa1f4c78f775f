/**
 * Members that send and do not read: dropped, not buffered; and the others are served.
 */
import { assert, assertEquals } from "@std/assert";
import { sendQueueMessagesMax, writeTimeoutMs } from "../../src/limits.ts";
import { historyRequestType } from "../../src/protocol/history.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { waitUntil } from "../server/wait_until.ts";
import { named, sessionKey } from "../server/test_server.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { isServed, Scene } from "./scene.ts";
import { submitOrder } from "../server/submit_order.ts";

Deno.test("not reading: the server stops reading requests of a member that reads no replies, and then drops the connection", async () => {
  const network = new MemoryNetwork({ pipeBytes: 8 * 1024, backlog: 100 }, "192.0.2.1");
  await using scene = await Scene.open({ network });
  const { clock, server } = scene;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const other = await server.link(bob);
  assert(await isServed(other));
  const channel = await channelOf(scene, alice);
  await channel.send(loginRequestType.type, { name: named("alice"), port: 1 }).written;
  await server.events.until(({ kind }) => kind === "online");
  let taken = 0;
  let isDropped = false;
  const sending = (async () => {
    while (!isDropped) {
      await channel.send(historyRequestType.type, { limit: 1 }).written;
      taken++;
    }
  })().catch(() => isDropped = true);
  await waitUntil(() => clock.delays.includes(writeTimeoutMs), "a reply that is not taken");
  const messages = scene.count("message");
  assert(await isServed(other));
  // One request at a time: while a reply waits to be read, the next request is not looked at.
  assertEquals(scene.count("message"), messages + 1);
  clock.advance(writeTimeoutMs);
  await sending;
  await server.events.until(({ kind }) => kind === "offline");
  assert(taken < 100, `${taken} requests were taken`);
  assert(await isServed(other));
});

Deno.test("not reading: messages that others cause wait in a bounded queue, and past it the server drops the member", async () => {
  const network = new MemoryNetwork({ pipeBytes: 1024, backlog: 100 }, "192.0.2.1");
  await using scene = await Scene.open({ network });
  const { server } = scene;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const reader = await server.link(bob);
  const channel = await channelOf(scene, alice);
  await channel.send(loginRequestType.type, { name: named("alice"), port: 1 }).written;
  await server.events.until(({ kind }) => kind === "online");
  // The payer is told of each of its orders that the payee hands in, and reads none of it.
  const submit = async () => {
    const order = signPayload(orderPayload(alice, server.anchor, { amount: 1 }), alice);
    assertEquals((await submitOrder(reader, order)).outcome, "answered");
  };
  let submitted = 0;
  while (!server.events.all.some(({ kind }) => kind === "offline")) {
    assert(submitted <= sendQueueMessagesMax + 2, `${submitted} results wait`);
    await submit();
    submitted++;
  }
  assert(submitted >= sendQueueMessagesMax, `dropped after ${submitted}`);
  assert(await isServed(reader));
});

Deno.test("flooding: a member that asks over eight connections keeps nobody else waiting", async () => {
  await using scene = await Scene.open();
  const [alice, bob] = [await scene.server.enroll("alice"), await scene.server.enroll("bob")];
  const flood = await Promise.all(Array.from({ length: 8 }, () => scene.link(alice)));
  const honest = await scene.link(bob, "192.0.2.7");
  let isOver = false;
  let answered = 0;
  const flooding = flood.map(async (link) => {
    for (; !isOver; answered++) assert(await isServed(link));
  });
  await waitUntil(() => answered > 20, "the flood");
  for (let round = 0; round < 20; round++) assert(await isServed(honest));
  isOver = true;
  await Promise.all(flooding);
});

/** By hand: what comes is not read. */
async function channelOf({ server }: Scene, identity: Identity) {
  const connection = await server.connect();
  const signer = { kind: "certified", identity } as const;
  return connection.introduce({ signer, sessionKey });
}
