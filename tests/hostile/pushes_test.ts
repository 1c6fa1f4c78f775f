/**
 * Pushes that others cause for a member that reads. All arrive, however many others there are, and
 * cost the others their turns.
 */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../src/client/server_link.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import { paymentType, resultType } from "../../src/protocol/transfer.ts";
import { sendQueueMessagesMax, toldConnectionsMax } from "../../src/limits.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { waitUntil } from "../server/wait_until.ts";
import { named } from "../server/test_server.ts";
import { isServed, Scene } from "./scene.ts";
import { submitOrder } from "../server/submit_order.ts";

const payers = 80;

Deno.test("pushes: a payee that reads learns of every payment by eighty members at once, and gets its replies meanwhile", async () => {
  // One turn at a time: whatever is sealed for the payee is sealed in somebody's.
  await using scene = await Scene.open({ userLimit: 200, processors: 0 });
  const { server } = scene;
  const payee = await scene.link(await server.enroll("bob"), "192.0.2.7");
  let told = 0;
  payee.listen(paymentType, () => told++);
  assert(await isServed(payee));
  const orders = await Promise.all(
    Array.from({ length: payers }, (_, at) => orderAndLink(scene, `payer${at}`)),
  );
  let isOver = false;
  let answered = 0;
  const asking = (async () => {
    for (; !isOver && await isServed(payee);) answered++;
  })().catch(() => {});
  await Promise.all(orders.map(async ({ order, link }) => {
    assertEquals((await submitOrder(link, order)).outcome, "answered");
  }));
  assert(payers > sendQueueMessagesMax);
  await waitUntil(() => told === payers || !payee.isOpen, `${payers} payments to be told of`);
  isOver = true;
  await asking;
  assertEquals([told, payee.isOpen], [payers, true]);
  assert(answered > 0);
  assertEquals(await server.balanceOf("bob"), 10_000 + payers);
});

Deno.test("pushes: of a payer's many connections, the server tells results only to the online one and the newest", async () => {
  await using scene = await Scene.open({ userLimit: 100 });
  const { server } = scene;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payee = await scene.link(bob, "192.0.2.7");
  const told: number[] = [];
  const links: ServerLink[] = [];
  for (let at = 0; at < 3 * toldConnectionsMax; at++) {
    const link = await scene.link(alice, "192.0.2.8");
    link.listen(resultType, () => told.push(at));
    // The first one is the oldest, and online.
    const isOnline = at > 0 || await goesOnline(link, "alice");
    assert(isOnline && await isServed(link));
    links.push(link);
  }
  const order = signPayload(orderPayload(alice, server.anchor, { payee: "bob" }), alice);
  assertEquals((await submitOrder(payee, order)).outcome, "answered");
  for (const link of links) assert(await isServed(link));
  const newest = Array.from({ length: toldConnectionsMax - 1 }, (_, at) => links.length - 1 - at);
  assertEquals(told.sort((one, other) => one - other), [0, ...newest.reverse()]);
});

async function goesOnline(link: ServerLink, name: string): Promise<boolean> {
  const outcome = await link.ask(loginRequestType, { name: named(name), port: 1 });
  return outcome.outcome === "answered";
}

async function orderAndLink(
  scene: Scene,
  name: string,
): Promise<{ order: string; link: ServerLink }> {
  const identity = await scene.server.enroll(name);
  const payload = orderPayload(identity, scene.server.anchor, { amount: 1 });
  const order = signPayload({ ...payload, payee: "bob" }, identity);
  const link = await scene.link(identity, "192.0.2.8");
  // From its first message on it takes its own turns, and no longer those of its address.
  assert(await isServed(link));
  return { order, link };
}
