/**
 * Orders that pay a payment request: at most one is booked.
 */
import { assertEquals } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import type { Amount } from "../../../src/money.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import type { TrustAnchor } from "../../../src/pki/trust_anchor.ts";
import { signPaymentRequest } from "../../../src/protocol/payment_request.ts";
import type { Outcome } from "../../../src/protocol/request_type.ts";
import { systemRandom } from "../../../src/random.ts";
import type { JsonObject } from "../../../src/strict_json.ts";
import { orderPayload, signPayload } from "../order_maker.ts";
import { submitOrder } from "../submit_order.ts";
import { named, startServer } from "../test_server.ts";

function requestOf(identity: Identity, anchor: TrustAnchor) {
  const terms = { amount: 7 as Amount, memo: "book", lifetimeMs: 60_000 };
  const payee = named("bob");
  return signPaymentRequest(terms, {
    ...{ payee, identity, anchor, clock: systemClock, random: systemRandom },
  });
}

function orderFor(
  { id, text, payload: { amount, memo } }: ReturnType<typeof requestOf>,
  payer: Identity,
  anchor: TrustAnchor,
  changes: JsonObject = {},
): string {
  const { iat, exp, ...terms } = orderPayload(payer, anchor, { id, amount, memo });
  return signPayload({ ...terms, request: text, iat, exp, ...changes } as JsonObject, payer);
}

const codeOf = (outcome: Outcome<unknown>) => outcome.outcome === "answered" ? 130 : outcome.code;

Deno.test("submit: of two who pay a request at the same moment, one pays and the other gets 275", async () => {
  await using server = await startServer();
  const { anchor } = server;
  const [alice, bob, carol] = [
    await server.enroll("alice"),
    await server.enroll("bob"),
    await server.enroll("carol"),
  ];
  const links = [await server.link(alice), await server.link(carol), await server.link(bob)];
  for (let round = 0; round < 5; round++) {
    const request = requestOf(bob, anchor);
    const orders = [alice, carol].map((payer) => orderFor(request, payer, anchor));
    // In each second round the payee hands in the other order, as in a direct payment.
    const outcomes = await Promise.all([
      submitOrder(links[0]!, orders[0]!),
      submitOrder(links[round % 2 + 1]!, orders[1]!),
    ]);
    assertEquals(outcomes.map(codeOf).sort(), [130, 275]);
  }
  assertEquals(await server.balanceOf("bob"), 10_035);
});

Deno.test("submit: an altered request is refused with 273", async () => {
  await using server = await startServer();
  const { anchor } = server;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await server.link(alice);
  const request = requestOf(bob, anchor);
  const { text } = request;
  const altered = text.slice(0, -10) + (text.at(-10) === "A" ? "B" : "A") + text.slice(-9);
  for (const changes of [{ request: altered }, { amount: 6 }, { memo: "look" }]) {
    assertEquals(codeOf(await submitOrder(link, orderFor(request, alice, anchor, changes))), 273);
  }
  const order = orderFor(request, alice, anchor);
  assertEquals(codeOf(await submitOrder(link, order)), 130);
  assertEquals(codeOf(await submitOrder(link, order)), 130);
  assertEquals(await server.balanceOf("bob"), 10_007);
});

Deno.test("submit: an ended request is refused with 274", async () => {
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await using server = await startServer({ clock });
  const { anchor } = server;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const link = await server.link(alice);
  const order = orderFor(requestOf(bob, anchor), alice, anchor);
  shift.ms = 61_000;
  assertEquals(codeOf(await submitOrder(link, order)), 274);
  shift.ms = 0;
  assertEquals(codeOf(await submitOrder(link, order)), 274);
});
