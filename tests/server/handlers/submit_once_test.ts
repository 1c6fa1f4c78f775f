/**
 * An order is booked once, however often and by whichever side it is submitted.
 */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../../src/client/server_link.ts";
import { systemClock } from "../../../src/clock.ts";
import { type Entry, issuingAccount, orderDigest } from "../../../src/ledger/entry.ts";
import { check, type Outcome } from "../../../src/protocol/request_type.ts";
import { verifyOrder } from "../../../src/protocol/order.ts";
import {
  type PackedReceipt,
  requireReceiptFor,
  unpackReceipt,
  verifyReceipt,
} from "../../../src/protocol/receipt.ts";
import { statusRequestType } from "../../../src/protocol/status.ts";
import {
  type BookedOrder,
  paymentsShape,
  paymentType,
  type Result,
  resultsShape,
  resultType,
} from "../../../src/protocol/transfer.ts";
import { balanceRequestType } from "../../../src/protocol/balance.ts";
import { LastingServer } from "../../hostile/lasting_server.ts";
import { payment } from "../../ledger/ledger_samples.ts";
import { EventLog } from "../event_log.ts";
import { orderPayload, signPayload } from "../order_maker.ts";
import { named, startServer } from "../test_server.ts";
import { submitOrder } from "../submit_order.ts";

Deno.test("submit: the same order again gives the same receipt and is booked once", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const order = signPayload(orderPayload(alice, server.anchor), alice);
  const link = await server.link(bob);
  const first = receiptOf(await submitOrder(link, order));
  const again = receiptOf(await submitOrder(link, order));
  const elsewhere = receiptOf(await submitOrder(await server.link(bob), order));
  assertEquals([again, elsewhere], [first, first]);
  assertEquals((await server.ledger.totals()).entries, 3);
  assertEquals([await server.balanceOf("alice"), await server.balanceOf("bob")], [8000, 12_000]);
});

Deno.test("submit: two copies of an order at the same time are booked once", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const order = signPayload(orderPayload(alice, server.anchor), alice);
  const links = await Promise.all([1, 2, 3, 4].map(() => server.link(bob)));
  const receipts = await Promise.all(
    links.map(async (link) => receiptOf(await submitOrder(link, order))),
  );
  assertEquals(new Set(receipts.map(({ signature }) => signature)).size, 1);
  assertEquals(await server.balanceOf("alice"), 8000);
});

Deno.test("submit: an expired order that was booked in time gets its receipt again", async () => {
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await using server = await startServer({ clock });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const order = signPayload(orderPayload(alice, server.anchor), alice);
  const link = await server.link(bob);
  const first = receiptOf(await submitOrder(link, order));
  shift.ms = 3_600_000;
  assertEquals(receiptOf(await submitOrder(link, order)), first);
  assertEquals(await server.balanceOf("alice"), 8000);
});

Deno.test("submit: a refused or void order stays so after changes of the clock and a restart", async () => {
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await LastingServer.run(async (server, [alice, bob]) => {
    const orderOf = (amount: number) => {
      const payload = orderPayload(alice, server.running.anchor, { amount });
      return { id: String(payload.id), jws: signPayload(payload, alice) };
    };
    const submit = async ({ jws }: Awaited<ReturnType<typeof orderOf>>) => {
      const link = await server.running.link(bob);
      const outcome = await submitOrder(link, jws);
      return outcome.outcome === "answered" ? 130 : outcome.code;
    };
    const [asked, never, refused] = [orderOf(1), orderOf(2), orderOf(10_001)];
    const hers = await server.running.link(alice);
    const { id, jws } = never;
    assertEquals(await submit(refused), 270);
    assertEquals(refusalOf(await hers.ask(statusRequestType, { id: asked.id })), 400);
    assertEquals(refusalOf(await hers.ask(statusRequestType, { id, void: jws })), 400);
    await server.ledger.book(payment([issuingAccount, named("alice")], 5000, { kind: "deposit" }));
    await server.restart();
    for (const ms of [-30_000, 0, 3_600_000]) {
      shift.ms = ms;
      assertEquals([await submit(never), await submit(refused)], [265, 270]);
    }
    shift.ms = 0;
    // Asking alone does nothing to an order.
    assertEquals(await submit(asked), 130);
    assertEquals(await server.running.balanceOf("alice"), 14_999);
  }, { clock });
});

Deno.test("status: a booked order is not made void, and the answer has its receipt", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payload = orderPayload(alice, server.anchor);
  const order = signPayload(payload, alice);
  const receipt = receiptOf(await submitOrder(await server.link(bob), order));
  const request = { id: String(payload.id), void: order };
  assertEquals(
    receiptOf(await (await server.link(alice)).ask(statusRequestType, request)),
    receipt,
  );
  // Nor does it tell a stranger that there is one.
  const carol = await server.link(await server.enroll("carol"));
  assertEquals(refusalOf(await carol.ask(statusRequestType, request)), 261);
});

Deno.test("submit: the same id with another content is refused with 266", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payload = orderPayload(alice, server.anchor);
  const link = await server.link(bob);
  receiptOf(await submitOrder(link, signPayload(payload, alice)));
  const order = signPayload({ ...payload, amount: 1 }, alice);
  assertEquals(refusalOf(await submitOrder(link, order)), 266);
  assertEquals(await server.balanceOf("alice"), 8000);
});

Deno.test("submit: of two orders that the balance covers only singly, exactly one is booked", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  const payees = ["bob", "carol"];
  const attempts = await Promise.all(payees.map(async (payee) => {
    const link = await server.link(await server.enroll(payee));
    const payload = orderPayload(alice, server.anchor, { payee, amount: 6000 });
    return { link, order: signPayload(payload, alice) };
  }));
  const outcomes = await Promise.all(
    attempts.map(({ link, order }) => submitOrder(link, order)),
  );
  const codes = outcomes.map((outcome) => outcome.outcome === "refused" ? outcome.code : 130);
  assertEquals(codes.toSorted(), [130, 270]);
  assertEquals(await server.balanceOf("alice"), 4000);
});

Deno.test("submit: the payer receives the result of its order, with the payee's receipt", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payer = await server.link(alice);
  const told = resultsOf(payer);
  await payer.ask(balanceRequestType, {});
  const payee = await server.link(bob);
  const payload = orderPayload(alice, server.anchor);
  const order = signPayload(payload, alice);
  const receipt = receiptOf(await submitOrder(payee, order));
  assertEquals(await told.until(() => true), {
    order: orderDigest(order),
    code: 130,
    text: "transfer OK",
    receipt,
  });
  const { anchor } = server;
  const text = unpackReceipt(receipt, verifyOrder(order, { anchor }), payer);
  const { payload: contents } = verifyReceipt(text, { anchor });
  assertEquals([contents.payer, contents.payee, contents.amount], ["alice", "bob", 2000]);
  const tooMuch = orderPayload(alice, server.anchor, { amount: 8001 });
  const tooMuchJws = signPayload(tooMuch, alice);
  await submitOrder(payee, tooMuchJws);
  const refused = await told.until(({ order }) => order === orderDigest(tooMuchJws));
  assertEquals(refused, {
    order: orderDigest(tooMuchJws),
    code: 270,
    text: "transfer FAIL due to bankruptcy",
  });
});

Deno.test("submit: the other side is told once, however often an order is submitted", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const [payer, payee] = [await server.link(alice), await server.link(bob)];
  const [results, payments] = [resultsOf(payer), paymentsOf(payee)];
  await payer.ask(balanceRequestType, {});
  await payee.ask(balanceRequestType, {});
  const orderOf = (amount: number) =>
    signPayload(orderPayload(alice, server.anchor, { amount }), alice);
  const submit = async (link: ServerLink, order: string, times: number) => {
    for (let time = 0; time < times; time++) await submitOrder(link, order);
  };
  const [booked, refused, handedIn] = [orderOf(1), orderOf(10_001), orderOf(2)];
  await submit(payee, booked, 10);
  await submit(payer, booked, 10);
  await submit(payee, refused, 10);
  await submit(payer, handedIn, 10);
  // What is told after all of it.
  const [last, lastToo] = [orderOf(3), orderOf(4)];
  await submit(payee, last, 1);
  await submit(payer, lastToo, 1);
  await results.until(({ order }) => order === orderDigest(last));
  await payments.until(({ order }) => order === lastToo);
  const told = [booked, refused, last].map(orderDigest);
  assertEquals(results.all.map(({ order }) => order), told);
  assertEquals(payments.all.map(({ order }) => order), [handedIn, lastToo]);
});

Deno.test("submit: an order that a third party submits causes no message to the payer", async () => {
  await using server = await startServer();
  const [alice, bob, mallory] = [
    await server.enroll("alice"),
    await server.enroll("bob"),
    await server.enroll("mallory"),
  ];
  const payer = await server.link(alice);
  const told = resultsOf(payer);
  await payer.ask(balanceRequestType, {});
  const payload = orderPayload(alice, server.anchor);
  const order = signPayload(payload, alice);
  const thief = await server.link(mallory);
  assertEquals(refusalOf(await submitOrder(thief, order)), 261);
  receiptOf(await submitOrder(await server.link(bob), order));
  // A "no" before it would have made the payer pay again while bob still held a good order.
  assertEquals((await told.until((result) => result.order === orderDigest(order))).code, 130);
  assertEquals(refusalOf(await submitOrder(thief, order)), 261);
  await payer.ask(balanceRequestType, {});
  assertEquals(told.all.map(({ code }) => code), [130]);
});

Deno.test("status: payer and payee get the receipt, and others learn nothing", async () => {
  await using server = await startServer();
  const people = ["alice", "bob", "carol"];
  const identities = await Promise.all(people.map((name) => server.enroll(name)));
  const [alice, bob, carol] = await Promise.all(identities.map((who) => server.link(who)));
  const payload = orderPayload(identities[0]!, server.anchor);
  const order = signPayload(payload, identities[0]!);
  const receipt = receiptOf(await submitOrder(bob!, order));
  const id = payload.id as string;
  assertEquals(receiptOf(await alice!.ask(statusRequestType, { id })), receipt);
  assertEquals(receiptOf(await bob!.ask(statusRequestType, { id })), receipt);
  const unknown = await carol!.ask(statusRequestType, { id });
  const never = await carol!.ask(statusRequestType, { id: id.replace(/.$/, flip) });
  assertEquals(refusalOf(unknown), 400);
  // Whether it exists cannot be told from the answer.
  assertEquals(unknown, never);
});

Deno.test("status: the order and the receipt of an opening prove it", async () => {
  await using server = await startServer();
  const link = await server.link(await server.enroll("alice"));
  const [{ id }] = await server.ledger.history(named("alice"), { limit: 1 }) as [Entry];
  const status = await link.ask(statusRequestType, { id });
  assert(status.outcome === "answered");
  const order = verifyOrder(status.answer.order, server);
  const receipt = verifyReceipt(unpackReceipt(status.answer.receipt, order, link), server);
  requireReceiptFor(order, receipt);
  assertEquals([receipt.payload.kind, receipt.payload.payee], ["opening", "alice"]);
});

function resultsOf(link: ServerLink): EventLog<Result> {
  const told = new EventLog<Result>((result) => JSON.stringify(result));
  link.listen(resultType, (body) => {
    for (const result of check(resultsShape, body, "read results").results) told.add(result);
  });
  return told;
}

function paymentsOf(link: ServerLink): EventLog<BookedOrder> {
  const told = new EventLog<BookedOrder>((one) => JSON.stringify(one));
  link.listen(paymentType, (body) => {
    for (const one of check(paymentsShape, body, "read payments").payments) told.add(one);
  });
  return told;
}

function receiptOf(outcome: Outcome<{ receipt: PackedReceipt }>): PackedReceipt {
  assert(outcome.outcome === "answered", JSON.stringify(outcome));
  return outcome.answer.receipt;
}

function refusalOf(outcome: Outcome<object>): number | undefined {
  return outcome.outcome === "refused" ? outcome.code : undefined;
}

function flip(last: string): string {
  return last === "0" ? "1" : "0";
}
