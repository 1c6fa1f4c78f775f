/**
 * Many payments at once: how few messages and commits they take, and that no proof is lost.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Member } from "../../../src/client/member.ts";
import type { PaymentTerms } from "../../../src/client/payment/payment.ts";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import { SubmitQueue } from "../../../src/client/submit_queue.ts";
import type { ServerLink } from "../../../src/client/server_link.ts";
import { UnknownOutcomeError, UsageError } from "../../../src/errors.ts";
import { orderDigest } from "../../../src/ledger/entry.ts";
import { systemClock } from "../../../src/clock.ts";
import {
  bodyBytesMax,
  orderBytesMax,
  ordersPerSubmitMax,
  sendQueueMessagesMax,
} from "../../../src/limits.ts";
import { makeOrderId, systemRandom } from "../../../src/random.ts";
import { payBatch } from "../../../src/client/batch/pay_batch.ts";
import { planBatch } from "../../../src/client/batch/plan_batch.ts";
import type { Amount } from "../../../src/money.ts";
import { answerWith, refuse } from "../../../src/protocol/request_type.ts";
import { paymentType, submitRequestType } from "../../../src/protocol/transfer.ts";
import { commitsIn } from "../../ledger/sqlite/commits_in.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { EventLog } from "../../server/event_log.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { memberOf } from "../test_member.ts";
import { KeptWallet } from "../wallet/memory_wallet_store.ts";

interface Scene {
  readonly server: TestServer;
  readonly alice: Member;
  readonly bob: Member;
  /** Entries that bob was told of. */
  readonly told: EventLog<number>;
  /** How many orders each `submit` of a member had. */
  readonly submitted: (member: Member) => number[];
  /** Commits of a member's wallet so far. */
  readonly commits: (member: Member) => number;
}

/**
 * Alice and bob have wallets on a disk, and bob is online. The test waits for all that bob is told,
 * because his wallet is closed at its end.
 */
async function withWallets(act: (scene: Scene) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const submits = new Map<Member, number[]>();
    const files = new Map<Member, string>();
    const stores: SqliteWalletStore[] = [];
    const open = async (name: string) => {
      const store = new SqliteWalletStore(`${folder}/${name}/wallet.db`);
      await store.pin("127.0.0.1:1", server.anchor.fingerprint, { replace: false });
      stores.push(store);
      const member = await memberOf(server, await server.enroll(name), { store });
      files.set(member, `${store.file}-wal`);
      submits.set(member, []);
      const { link } = member.context;
      const ask = link.ask.bind(link);
      link.ask = (requestType, request) => {
        if (requestType.type === submitRequestType.type) {
          submits.get(member)!.push((request as unknown as { orders: string[] }).orders.length);
        }
        return ask(requestType, request);
      };
      return member;
    };
    const [alice, bob] = [await open("alice"), await open("bob")];
    const told = new EventLog<number>(String);
    const faults: unknown[] = [];
    await bob.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onPayment: ({ receipt }) => told.add(receipt.payload.entry),
      onFault: (error) => faults.push(error),
    });
    const submitted = (member: Member) => submits.get(member)!;
    const commits = (member: Member) => commitsIn(files.get(member)!);
    await act({ server, alice, bob, told, submitted, commits });
    assertEquals(faults, []);
    for (const member of [alice, bob]) await member.abandon();
    for (const store of stores) store.close();
  });
}

const payments = (count: number): PaymentTerms[] =>
  Array.from({ length: count }, (_, at) => ({
    payee: named("bob"),
    amount: at + 1 as Amount,
    memo: `number ${at}`,
  }));

const receiptsOf = async ({ context }: Member) =>
  (await Array.fromAsync(context.receipts.all())).length;

Deno.test("many: 25 payments are one message and two commits of the payer, and one commit for each push to the payee, with every receipt kept", async () => {
  await withWallets(async ({ server, alice, bob, told, submitted, commits }) => {
    const before = [commits(alice), commits(bob)] as const;
    let pushes = 0;
    bob.context.link.listen(paymentType, () => pushes++);
    const outcomes = await alice.payAll(payments(ordersPerSubmitMax));
    assertEquals(outcomes.map(({ status }) => status), Array(25).fill("fulfilled"));
    const amounts = outcomes.map((one) =>
      one.status === "fulfilled" && one.value.outcome === "paid" && one.value.receipt.payload.amount
    );
    assertEquals<unknown>(amounts, payments(25).map(({ amount }) => amount));
    assertEquals(submitted(alice), [25]);
    assertEquals(commits(alice) - before[0], 2);
    await told.until((entry) => entry === 27);
    assertEquals([commits(bob) - before[1] <= pushes, told.all.length], [true, 25]);
    assertEquals(pushes < 5, true, "as many in each as fit a line");
    assertEquals([await receiptsOf(alice), await receiptsOf(bob)], [25, 25]);
    assertEquals(await alice.context.outbox.ids(), []);
    assertEquals(await server.balanceOf("bob"), 10_000 + 25 * 26 / 2);
  });
});

Deno.test("many: a file of payments takes at most two commits for each message, and its second run asks for the balance alone", async () => {
  await withWallets(async ({ alice, told, submitted, commits }) => {
    const lines = payments(60).map((line, at) => ({
      ...line,
      number: at + 1,
      amount: 1 as Amount,
    }));
    const { link } = alice.context;
    const ask = link.ask.bind(link);
    const asked: string[] = [];
    link.ask = (requestType, request) => {
      asked.push(requestType.type);
      return ask(requestType, request);
    };
    const run = async () => {
      const before = commits(alice);
      const plan = await planBatch({ digest: "ab".repeat(32), lines }, alice, {
        onProgress: () => {},
      });
      assert(!("outcome" in plan));
      await payBatch(plan.lines, alice, { viaServer: true, onOutcome: () => {} });
      return commits(alice) - before;
    };
    const made = await run();
    assert(made <= 2 * submitted(alice).length, String(made));
    assertEquals(submitted(alice).reduce((sum, count) => sum + count), 60);
    asked.length = 0;
    assertEquals([await run(), asked], [0, ["balance"]]);
    await told.until(() => told.all.length === 60);
  });
});

Deno.test("many: one that is refused does not change the others", async () => {
  await withWallets(async ({ server, alice, told, submitted }) => {
    const terms = payments(3).map((one, at) =>
      at === 1 ? { ...one, amount: 10_001 as Amount } : one
    );
    const outcomes = await alice.payAll(terms);
    const codes = outcomes.map((one) =>
      one.status === "fulfilled" && (one.value.outcome === "paid" ? 130 : one.value.code)
    );
    assertEquals([codes, submitted(alice)], [[130, 270, 130], [3]]);
    assertEquals(await server.balanceOf("alice"), 9996);
    await assertRejects(() => alice.payAll(payments(26)), UsageError, "25 is the most");
    await told.until(() => told.all.length === 2);
  });
});

Deno.test("many: payments that are made directly at once share a connection, and the payee submits them together", async () => {
  await withWallets(async ({ alice, bob, told, submitted, commits }) => {
    await alice.pay(payments(1)[0]!);
    const before = commits(alice);
    const outcomes = await Promise.all(payments(20).map((terms) => alice.pay(terms)));
    assertEquals(outcomes.map(({ outcome }) => outcome), Array(20).fill("paid"));
    await told.until(() => told.all.length === 21);
    const orders = submitted(bob).reduce((sum, count) => sum + count, 0);
    assertEquals([orders, submitted(bob).length < 12], [21, true], String(submitted(bob)));
    assertEquals(commits(alice) - before < 15, true, "they share commits");
    assertEquals([await receiptsOf(alice), await receiptsOf(bob)], [21, 21]);
  });
});

Deno.test("many: more direct payments at once than a connection's queue has places are all made", async () => {
  await withWallets(async ({ server, alice, told }) => {
    const terms = payments(sendQueueMessagesMax + 6).map((one) => ({
      ...one,
      amount: 1 as Amount,
      // Each is asked for before it is made.
      id: makeOrderId(systemClock, systemRandom),
    }));
    const outcomes = await Promise.all(terms.map((one) => alice.pay(one)));
    assertEquals(new Set(outcomes.map(({ outcome }) => outcome)), new Set(["paid"]));
    assertEquals(await server.balanceOf("bob"), 10_000 + terms.length);
    await told.until(() => told.all.length === terms.length);
  });
});

Deno.test("many: when the answer is lost, each of them is in doubt under its id, and is done at the next start", async () => {
  await using server = await startServer();
  const [identity] = [await server.enroll("alice"), await server.enroll("bob")];
  const kept = new KeptWallet();
  const alice = await memberOf(server, identity, { kept });
  const { link } = alice.context;
  const ask = link.ask.bind(link);
  link.ask = async (requestType, request) => {
    const answer = await ask(requestType, request);
    if (requestType.type !== submitRequestType.type) return answer;
    link.channel.close();
    await link.closed;
    throw await link.closed;
  };
  const outcomes = await alice.payAll(payments(5));
  const ids = outcomes.map((one) => {
    assert(one.status === "rejected" && one.reason instanceof UnknownOutcomeError);
    return one.reason.orderId;
  });
  assertEquals(await alice.context.outbox.ids(), ids.toSorted());
  const next = await memberOf(server, identity, { kept });
  const settled = await Array.fromAsync(next.settle());
  assertEquals(settled.map(({ outcome }) => outcome), Array(5).fill("done"));
  assertEquals([await next.context.outbox.ids(), await receiptsOf(next)], [[], 5]);
  await next.abandon();
});

/** A queue over a server that answers each message when the test says so. */
function heldQueue() {
  const asked: { orders: string[]; answer: () => void }[] = [];
  const link = {
    ask(_: unknown, { orders }: { orders: string[] }) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const results = orders.map((jws) => {
        const { code, text } = refuse(270);
        return { order: orderDigest(jws), code, text };
      });
      // What follows the reference to the certificate.
      const texts = orders.map((packed) => packed.slice(packed.indexOf(".") + 1));
      asked.push({ orders: texts, answer: () => resolve(answerWith({ results })) });
      return promise;
    },
  } as unknown as ServerLink;
  const queue = new SubmitQueue(link);
  const submit = (text: string, payer = "alice") =>
    queue.submit({
      text: `header.${text}`,
      digest: orderDigest(text),
      payload: { payer: named(payer) },
      signer: { fingerprint: "ab".repeat(32) },
    });
  return { asked, submit };
}

const turnOver = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("submit queue: orders wait for the message that is under way, and travel together as far as they fit", async () => {
  const { asked, submit } = heldQueue();
  const first = submit("first");
  await Promise.resolve();
  const long = "x".repeat(bodyBytesMax / 3);
  const later = ["1", "2", ...Array(30).fill("s"), long, long, long].map((text) => submit(text));
  assertEquals(asked.map(({ orders }) => orders), [["first"]]);
  const sizes: number[] = [];
  for (let at = 0; sizes.reduce((sum, size) => sum + size, 0) < 36; at++) {
    sizes.push(asked[at]!.orders.length);
    asked[at]!.answer();
    await turnOver();
  }
  assertEquals(sizes, [1, 25, 9, 1]);
  assertEquals((await first).code, 270);
  assertEquals((await Promise.all(later)).map(({ code }) => code), Array(35).fill(270));
});

Deno.test("submit queue: an order travels in the next message, however many long orders of another payer wait", async () => {
  const { asked, submit } = heldQueue();
  const long = (at: number) => `${at} `.padEnd(orderBytesMax, "x");
  const results = [0, 1, 2, 3, 4].map((at) => submit(long(at), "mallory"));
  const sentAt = (text: string) => asked.findIndex(({ orders }) => orders.includes(text));
  await turnOver();
  results.push(submit("one", "alice"), submit("another", "bob"), submit("two", "alice"));
  results.push(submit(long(5), "mallory"));
  for (let at = 0; at < 3; at++) {
    asked[at]!.answer();
    await turnOver();
  }
  assertEquals(["one", "another", "two"].map(sentAt), [1, 1, 1]);
  assertEquals([0, 1, 2, 3, 4, 5].map((at) => sentAt(long(at))), [0, 0, 1, 1, 2, 2]);
  await Promise.all(results);
  assertEquals(asked.length, 3);
});
