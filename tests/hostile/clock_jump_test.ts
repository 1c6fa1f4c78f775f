/**
 * The server's clock jumps forward and back during payments. Nothing is booked twice and nothing
 * hangs. Only what has a validity period is affected.
 */
import { assert, assertEquals } from "@std/assert";
import type { Identity } from "../../src/pki/identity.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { isServed, Scene } from "./scene.ts";
import { submitOrder } from "../server/submit_order.ts";

const hour = 3_600_000;
const day = 24 * hour;

/** The jump, and the outcome of an order made before it and of an order made after it. */
const jumps: readonly {
  readonly title: string;
  readonly byMs: number;
  readonly before: number;
  readonly after: number;
}[] = [
  { title: "an hour forward", byMs: hour, before: 265, after: 130 },
  { title: "an hour back", byMs: -hour, before: 261, after: 130 },
  { title: "400 days forward", byMs: 400 * day, before: 265, after: 130 },
  // A new order is made when the payer's certificate has expired, or is not valid yet.
  { title: "4,000 days forward", byMs: 4000 * day, before: 265, after: 261 },
  { title: "400 days back", byMs: -400 * day, before: 261, after: 261 },
];

for (const { title, byMs, before, after } of jumps) {
  Deno.test(`clock: ${title} during payments, the server books nothing twice, and goes on when the clock is right`, async () => {
    await using scene = await Scene.open();
    const { clock, server } = scene;
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const link = await scene.link(bob);
    const orderNow = (payer: Identity) => {
      const seconds = Math.floor(clock.nowMs() / 1000);
      const id = makeOrderId(clock, systemRandom);
      const times = { id, iat: seconds, exp: seconds + 120, amount: 10 };
      return signPayload(orderPayload(payer, server.anchor, times), payer);
    };
    const submit = async (order: string) => {
      const outcome = await submitOrder(link, order);
      return outcome.outcome === "answered" ? outcome.answer.receipt.signature : outcome.code;
    };
    const booked = await orderNow(alice);
    const receipt = await submit(booked);
    assertEquals(typeof receipt, "string");
    const underWay = await orderNow(alice);

    clock.jump(byMs);
    assert(await isServed(link));
    const early = await submit(underWay);
    assertEquals(typeof early === "string" ? 130 : early, before);
    const late = await submit(await orderNow(alice));
    assertEquals(typeof late === "string" ? 130 : late, after);
    // What was booked is booked; whether the order itself is still valid has no part in it.
    assertEquals(await submit(booked), receipt);
    const id = JSON.parse(atob(booked.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/"))).id;
    const status = await link.ask(statusRequestType, { id });
    assert(status.outcome === "answered");
    assertEquals(status.answer.receipt.signature, receipt);

    clock.jump(-byMs);
    assertEquals(await submit(booked), receipt);
    assertEquals(typeof await submit(await orderNow(alice)), "string");
    const payments = after === 130 ? 3 : 2;
    assertEquals(await server.balanceOf("alice"), 10_000 - 10 * payments);
    assertEquals(await server.balanceOf("bob"), 10_000 + 10 * payments);
  });
}

Deno.test("clock: setting the clock moves no deadline", async () => {
  await using scene = await Scene.open();
  const link = await scene.link(await scene.server.enroll("bob"));
  const silent = await scene.greet();
  for (const byMs of [400 * day, -800 * day, 400 * day]) {
    scene.clock.jump(byMs);
    assert(await isServed(link));
  }
  assertEquals(scene.count("line_refused"), 0);
  silent.close();
});
