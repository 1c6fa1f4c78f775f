/**
 * Batches over a real server: what is checked before, and that each line is paid once.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Batch, batchLineId } from "../../../src/client/batch/batch.ts";
import { type LineOutcome, payBatch } from "../../../src/client/batch/pay_batch.ts";
import { type BatchPlan, planBatch } from "../../../src/client/batch/plan_batch.ts";
import { inParallel } from "../../../src/client/batch/in_parallel.ts";
import type { Member } from "../../../src/client/member.ts";
import type { Amount } from "../../../src/money.ts";
import { submitOrder } from "../../server/submit_order.ts";
import { named, startServer } from "../../server/test_server.ts";
import { memberOf } from "../test_member.ts";
import { KeptWallet } from "../wallet/memory_wallet_store.ts";

const batchOf = (amounts: readonly number[], payee = "bob", digest = "ab".repeat(32)): Batch => ({
  lines: amounts.map((amount, at) => ({
    number: at + 1,
    payee: named(payee),
    amount: amount as Amount,
  })),
  digest,
});

async function plan(batch: Batch, member: Member): Promise<BatchPlan> {
  const plan = await planBatch(batch, member, { onProgress: () => {} });
  assert(!("outcome" in plan));
  return plan;
}

/** Pays a batch through the server, and stops sending after some outcomes. */
async function pay(batch: Batch, member: Member, { stopAfter = Infinity, viaServer = true } = {}) {
  const { lines } = await plan(batch, member);
  const outcomes: LineOutcome["outcome"][] = [];
  const stop = new AbortController();
  if (stopAfter === 0) stop.abort();
  await payBatch(lines, member, {
    viaServer,
    stop: stop.signal,
    onOutcome: ({ number }, { outcome }) => {
      outcomes[number - 1] = outcome;
      if (Object.keys(outcomes).length >= stopAfter) stop.abort();
    },
  });
  return outcomes;
}

Deno.test("batch: any part of a run followed by the whole run pays each line once, also from another machine", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  await server.enroll("bob");
  let [run, paid] = [0, 0];
  const cases = fc.record({
    amounts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 150 }),
    stopAfter: fc.nat({ max: 30 }),
    keepsWallet: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ amounts, stopAfter, keepsWallet }) => {
      const batch = batchOf(amounts, "bob", String(run++).padStart(64, "0"));
      const kept = new KeptWallet();
      const first = await memberOf(server, identity, { kept });
      await pay(batch, first, { stopAfter });
      await first.abandon();
      const next = await memberOf(server, identity, keepsWallet ? { kept } : {});
      const outcomes = await pay(batch, next);
      assert(outcomes.every((one) => one === "paid" || one === "already_paid"));
      assertEquals(await pay(batch, next), amounts.map(() => "already_paid"));
      await next.abandon();
      paid += amounts.reduce((sum, amount) => sum + amount, 0);
      assertEquals(await server.balanceOf("bob"), 10_000 + paid);
    }),
    { numRuns: 8 },
  );
});

Deno.test("batch: two runs of the same file at the same moment pay each line once", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  await server.enroll("bob");
  const batch = batchOf(Array(60).fill(1));
  const members = [await memberOf(server, identity), await memberOf(server, identity)];
  const runs = await Promise.all(members.map((member) => pay(batch, member)));
  for (const run of runs) {
    assert(run.every((one) => one === "paid" || one === "already_paid"), String(run));
  }
  assertEquals(await server.balanceOf("bob"), 10_060);
  for (const member of members) await member.abandon();
});

Deno.test("batch: a plan names a line once whose id was used for another payment", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  await server.enroll("bob");
  const alice = await memberOf(server, identity);
  const batch = batchOf([9]);
  const id = batchLineId({ digest: batch.digest, number: 1 }, named("alice"));
  await alice.pay({ id, payee: named("bob"), amount: 1 as Amount, viaServer: true });
  // The second wallet has no receipt, and learns of the payment from the server.
  for (const member of [alice, await memberOf(server, identity)]) {
    await member.context.limits.set({ perPayment: 5 }, { mayRaise: true });
    const { refused } = await plan(batch, member);
    assertEquals(refused.map(({ line, refusal }) => [line.number, refusal.code]), [[1, 266]]);
    await member.abandon();
  }
});

Deno.test("batch: a plan names unknown payees, what is beyond a limit, and what the balance does not cover", async () => {
  await using server = await startServer();
  const identity = await server.enroll("alice");
  await server.enroll("bob");
  const alice = await memberOf(server, identity);
  const unknown = await plan(batchOf([1, 2], "nobody"), alice);
  assertEquals(unknown.refused.map(({ line, refusal }) => [line.number, refusal.code]), [
    [1, 262],
    [2, 262],
  ]);
  const covered = await plan(batchOf([10_000]), alice);
  assertEquals([covered.cost, covered.balance, covered.fault], [10_000, 10_000, undefined]);
  assertEquals((await plan(batchOf([10_000, 1]), alice)).fault?.code, 270);
  await alice.context.limits.set({ perPayment: 5, perDay: 8 }, { mayRaise: true });
  const limited = await plan(batchOf([5, 6]), alice);
  assertEquals(limited.refused.map(({ line, refusal }) => [line.number, refusal.code]), [[2, 271]]);
  assertEquals(limited.fault?.code, 272);
  const toSelf = await plan(batchOf([6], "alice"), alice);
  assertEquals(toSelf.refused.map(({ refusal }) => refusal.code), [280]);
  assertEquals(await server.balanceOf("bob"), 10_000, "nothing was sent");
  await alice.abandon();
});

for (const viaServer of [true, false]) {
  const way = viaServer ? "through the server" : "directly";
  Deno.test(`batch: a line that was refused is paid ${way} as soon as the cause is gone, once, and its old order never`, async () => {
    await using server = await startServer();
    const [identity, bobs] = [await server.enroll("alice"), await server.enroll("bob")];
    const kept = new KeptWallet();
    const [alice, bob] = [
      await memberOf(server, identity, { kept }),
      await memberOf(server, bobs),
    ];
    await bob.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onPayment: () => {},
      onFault: (error) => console.error(error),
    });
    const batch = batchOf([4_000, 4_000]);
    const { lines } = await plan(batch, alice);
    const rent = { payee: named("bob"), amount: 9_000 as Amount, viaServer: true };
    assertEquals((await alice.pay(rent)).outcome, "paid");
    // The money was there when the file was checked.
    const refused: unknown[] = [];
    const onOutcome = (_: unknown, { outcome }: LineOutcome) => refused.push(outcome);
    await payBatch(lines, alice, { viaServer, onOutcome });
    assertEquals(refused, ["refused", "refused"]);
    const held = (await alice.context.outbox.get(lines[0]!.id))!;
    assertEquals(held.state, "refused");
    const back = { payee: named("alice"), amount: 9_000 as Amount, viaServer: true };
    assertEquals((await bob.pay(back)).outcome, "paid");
    await alice.abandon();

    const next = await memberOf(server, identity, { kept });
    assertEquals(await pay(batch, next, { viaServer }), ["paid", "paid"]);
    // The payee may still hold the old one.
    assertEquals((await submitOrder(bob.context.link, held.text)).outcome, "refused");
    assertEquals(await pay(batch, next, { viaServer }), ["already_paid", "already_paid"]);
    assertEquals(await server.balanceOf("bob"), 18_000);
    for (const member of [next, bob]) await member.abandon();
  });
}

Deno.test("batch: payees that are online are paid directly, and those that are away are refused with 263", async () => {
  await using server = await startServer();
  const [identity, bobs] = [await server.enroll("alice"), await server.enroll("bob")];
  await server.enroll("carol");
  const [alice, bob] = [await memberOf(server, identity), await memberOf(server, bobs)];
  await bob.goOnline({
    listen: { host: "127.0.0.1", port: 0 },
    onPayment: () => {},
    onFault: (error) => console.error(error),
  });
  const lines = batchOf(Array(40).fill(1)).lines
    .map((line) => line.number % 2 === 0 ? line : { ...line, payee: named("carol") });
  const outcomes = await pay({ ...batchOf([]), lines }, alice, { viaServer: false });
  assertEquals(outcomes, lines.map(({ number }) => number % 2 === 0 ? "paid" : "refused"));
  for (const member of [alice, bob]) await member.abandon();
});

Deno.test("batch: the ids of two lines, files or payers differ", () => {
  const id = (digest: string, number: number, payer: string) =>
    batchLineId({ digest, number }, named(payer));
  const ids = ["a", "b"].flatMap((file) =>
    [1, 2, 11].flatMap((line) => ["alice", "bob"].map((payer) => id(file, line, payer)))
  );
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("in parallel: after a failure nothing further begins, and what had begun ends", async () => {
  const [begun, ended]: number[][] = [[], []];
  let thrown: unknown;
  await inParallel([1, 2, 3, 4, 5], { workers: 2 }, async (item) => {
    begun!.push(item);
    await Promise.resolve();
    if (item === 1) throw new Error("first");
    ended!.push(item);
  }).catch((error) => thrown = error);
  assertEquals((thrown as Error).message, "first");
  assertEquals(begun!.length - ended!.length, 1);
});
