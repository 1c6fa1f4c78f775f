/**
 * Giving back: by the payee only, what is left at the most, and once, whatever is lost on the way.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Member } from "../../../src/client/member.ts";
import type { RefundTerms } from "../../../src/client/payment/refund.ts";
import type { Settled } from "../../../src/client/payment/settlement.ts";
import { ClosedError, UnknownOutcomeError } from "../../../src/errors.ts";
import { orderLifetimeMs } from "../../../src/limits.ts";
import type { Amount } from "../../../src/money.ts";
import type { Identity } from "../../../src/pki/identity.ts";
import type { TrustAnchor } from "../../../src/pki/trust_anchor.ts";
import { signOrder } from "../../../src/protocol/order.ts";
import { submitRequestType } from "../../../src/protocol/transfer.ts";
import { makeOrderId, systemRandom } from "../../../src/random.ts";
import { systemClock } from "../../../src/clock.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { resultOf } from "./payee_scripts.ts";
import { memberOf } from "../test_member.ts";
import { KeptWallet } from "../wallet/memory_wallet_store.ts";

interface Paid {
  readonly server: TestServer;
  readonly id: string;
  readonly alice: Member;
  readonly bob: Member;
  readonly bobIdentity: Identity;
  /** Bob's. */
  readonly kept: KeptWallet;
  readonly passMs: (ms: number) => void;
}

/** Alice has paid bob 100. */
async function paid(act: (scene: Paid) => Promise<void>): Promise<void> {
  const kept = new KeptWallet();
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await using server = await startServer({ clock });
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const members = {
    alice: await memberOf(server, alice),
    bob: await memberOf(server, bob, { kept }),
  };
  const payment = await members.alice.pay({
    payee: named("bob"),
    amount: 100 as Amount,
    viaServer: true,
  });
  assert(payment.outcome === "paid");
  const passMs = (ms: number) => void (shift.ms += ms);
  const { id } = payment.receipt.payload;
  await act({ server, id, bobIdentity: bob, kept, passMs, ...members });
  await Promise.all(Object.values(members).map((member) => member.abandon()));
}

const amountOf = (amount: number) => ({ amount: amount as Amount });

Deno.test("refund: in parts up to the whole, then nothing is left", async () => {
  await paid(async ({ server, id, bob }) => {
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(101) })), 269);
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(60) })), "paid");
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(41) })), 269);
    const rest = await bob.refund({ id, memo: "the rest" });
    assert(rest.outcome === "paid");
    const { kind, refunds, amount, payer, payee } = rest.receipt.payload;
    assertEquals([kind, refunds, amount as number, payer, payee], [
      "refund",
      id,
      40,
      "bob",
      "alice",
    ]);
    assertEquals(await resultOf(() => bob.refund({ id })), 269);
    assertEquals([await server.balanceOf("alice"), await server.balanceOf("bob")], [
      10_000,
      10_000,
    ]);
  });
});

Deno.test("refund: only a payment, by its payee, that there is", async () => {
  await paid(async ({ id, alice, bob }) => {
    assertEquals(await resultOf(() => alice.refund({ id })), 268);
    const unknown = makeOrderId(systemClock, systemRandom);
    assertEquals(await resultOf(() => bob.refund({ id: unknown })), 268);
    const given = await bob.refund({ id, ...amountOf(1) });
    assert(given.outcome === "paid");
    assertEquals(await resultOf(() => alice.refund({ id: given.receipt.payload.id })), 268);
  });
});

Deno.test("refund: two refunds of all that is left, from two places at once, give it back once", async () => {
  await paid(async ({ server, id, bob, bobIdentity }) => {
    const kept = new KeptWallet();
    const other = await memberOf(server, bobIdentity, { kept });
    const results = await Promise.all(
      [bob, other].map((one) => resultOf(() => one.refund({ id }))),
    );
    assertEquals(results.map(String).toSorted(), ["269", "paid"]);
    assertEquals(await server.balanceOf("bob"), 10_000);
    await other.abandon();
  });
});

Deno.test("refund: one in doubt is sent again as it was, not made anew", async () => {
  await paid(async ({ server, id, bob, bobIdentity }) => {
    const lost = await recordRefund(bob, bobIdentity, { anchor: server.anchor, id });
    const given = await bob.refund({ id, ...amountOf(30) });
    assert(given.outcome === "paid");
    assertEquals(given.receipt.payload.id, lost);
    assertEquals([await bob.context.outbox.ids(), await server.balanceOf("bob")], [[], 10_070]);
    // Now it is settled, the same words are another refund.
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(30) })), "paid");
    assertEquals(await server.balanceOf("bob"), 10_040);
  });
});

const repeated: readonly {
  readonly title: string;
  /** Of the refund that was booked while its answer got lost. */
  readonly lost: number;
  /** What is asked for then. */
  readonly amount?: number;
  /** The amount of the receipt that this comes to, and whether it is the lost one's. */
  readonly given: number;
  readonly isLost: boolean;
  /** What was given back altogether. */
  readonly total: number;
}[] = [
  { title: "the same amount", lost: 30, amount: 30, given: 30, isLost: true, total: 30 },
  { title: "another amount", lost: 30, amount: 20, given: 20, isLost: false, total: 50 },
  { title: "all of it", lost: 100, given: 100, isLost: true, total: 100 },
  { title: "all that is left", lost: 30, given: 70, isLost: false, total: 100 },
];

for (const { title, lost, amount, given, isLost, total } of repeated) {
  for (const isExpired of [false, true]) {
    const when = isExpired ? ", when its order has expired" : "";
    Deno.test(`refund: after one that was booked and not answered, ${title} again is given back once${when}`, async () => {
      await paid(async ({ server, id, bob, passMs }) => {
        const order = await loseAnswer(bob, { id, ...amountOf(lost) });
        if (isExpired) passMs(orderLifetimeMs + 1000);
        await bob.balance();
        const told: Settled[] = [];
        const onSettled = (settled: Settled) => told.push(settled);
        const terms = { id, ...(amount !== undefined && amountOf(amount)) };
        const result = await bob.refund(terms, { onSettled });
        assert(result.outcome === "paid");
        assertEquals<unknown>(
          [result.receipt.payload.amount, result.receipt.payload.id === order],
          [
            given,
            isLost,
          ],
        );
        assertEquals(await server.balanceOf("bob"), 10_100 - total);
        // The lost one is told, as the result or beside it, and not in doubt any more.
        assertEquals(told.map(({ order, outcome }) => [order.payload.id, outcome]), [
          ...(isLost ? [] : [[order, "done"]]),
        ]);
        assertEquals(await bob.context.outbox.ids(), []);
        assertEquals(await bob.context.receipts.has(order), true);
      });
    });
  }
}

Deno.test("refund: one that was lost on its way is made anew once it has expired, and not before", async () => {
  await paid(async ({ server, id, bob, bobIdentity, passMs }) => {
    const lost = await recordRefund(bob, bobIdentity, { anchor: server.anchor, id });
    passMs(orderLifetimeMs + 1000);
    await bob.balance();
    const given = await bob.refund({ id, ...amountOf(30) });
    assert(given.outcome === "paid");
    assert(given.receipt.payload.id !== lost);
    assertEquals([await bob.context.outbox.ids(), await server.balanceOf("bob")], [[], 10_070]);
  });
});

Deno.test("refund: as long as it cannot be found out what became of the same one, it stays in doubt", async () => {
  await paid(async ({ server, id, bob, bobIdentity, kept }) => {
    const order = await loseAnswer(bob, { id, ...amountOf(30) });
    bob.context.link.channel.close();
    await bob.context.link.closed;
    const error = await assertRejects(
      () => bob.refund({ id, ...amountOf(30) }),
      UnknownOutcomeError,
    );
    assertEquals(error.orderId, order);
    assertEquals(await bob.context.outbox.ids(), [order]);
    const stopped = await assertRejects(
      () => bob.refund({ id, ...amountOf(30) }, { signal: AbortSignal.abort() }),
      UnknownOutcomeError,
    );
    assertEquals(stopped.orderId, order);
    const next = await memberOf(server, bobIdentity, { kept });
    const result = await next.refund({ id });
    assertEquals(result.outcome === "paid" && result.receipt.payload.amount as number, 70);
    await next.abandon();
  });
});

Deno.test("refund: with an id of its own it is booked once, whatever was told; with other terms it is refused", async () => {
  await paid(async ({ server, id, bob }) => {
    const refundId = makeOrderId(systemClock, systemRandom);
    const terms = { id, ...amountOf(30), refundId };
    const [first, second] = [await bob.refund(terms), await bob.refund(terms)];
    assert(first.outcome === "paid" && second.outcome === "paid");
    assertEquals([first.receipt.payload.id, second.receipt.text], [refundId, first.receipt.text]);
    assertEquals(await resultOf(() => bob.refund({ ...terms, ...amountOf(31) })), 266);
    assertEquals(await resultOf(() => bob.refund({ id, refundId })), "paid");
    assertEquals(await server.balanceOf("bob"), 10_070);
    const lost = await loseAnswer(bob, { id, ...amountOf(30), refundId: undefined });
    // Another id: not the one that is in doubt.
    const otherId = makeOrderId(systemClock, systemRandom);
    assertEquals(await resultOf(() => bob.refund({ ...terms, refundId: otherId })), "paid");
    assertEquals(await server.balanceOf("bob"), 10_010);
    assertEquals(await bob.context.receipts.has(lost), true);
  });
});

/** A refund that the server books while the connection is cut before its answer. */
async function loseAnswer(bob: Member, terms: RefundTerms): Promise<string> {
  const { link } = bob.context;
  const ask = link.ask.bind(link);
  const asked: string[] = [];
  link.ask = async (requestType, request) => {
    asked.push(requestType.type);
    if (asked.includes(submitRequestType.type)) {
      if (requestType.type === submitRequestType.type) await ask(requestType, request);
      throw new ClosedError("the answer is lost");
    }
    return await ask(requestType, request);
  };
  const error = await assertRejects(() => bob.refund(terms), UnknownOutcomeError);
  link.ask = ask;
  return error.orderId;
}

/** What a client leaves that was killed before or after it sent a refund of 30. */
async function recordRefund(
  { context: { link, outbox } }: Member,
  identity: Identity,
  { anchor, id }: { anchor: TrustAnchor; id: string },
): Promise<string> {
  const terms = {
    id: makeOrderId(systemClock, systemRandom),
    payer: named("bob"),
    payee: named("alice"),
    ...amountOf(30),
    refunds: id,
  };
  await outbox.add(signOrder(terms, { identity, anchor, clock: link }));
  return terms.id;
}

Deno.test("refund: one that was refused for the balance is booked under its id as soon as there is money", async () => {
  await paid(async ({ server, id, alice, bob }) => {
    const terms = { id, ...amountOf(100), refundId: makeOrderId(systemClock, systemRandom) };
    const all = { payee: named("alice"), amount: 10_100 as Amount, viaServer: true };
    assertEquals(await resultOf(() => bob.pay(all)), "paid");
    assertEquals(await resultOf(() => bob.refund(terms)), 270);
    const some = { payee: named("bob"), amount: 150 as Amount, viaServer: true };
    assertEquals(await resultOf(() => alice.pay(some)), "paid");
    assertEquals(await resultOf(() => bob.refund(terms)), "paid");
    assertEquals(await resultOf(() => bob.refund(terms)), "paid");
    assertEquals(await server.balanceOf("bob"), 50);
  });
});
