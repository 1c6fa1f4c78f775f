/**
 * Pays a payee whose client misbehaves. The payer believes nothing without the server's word, and
 * reports a doubt.
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Member } from "../../../src/client/member.ts";
import { FileError, InterruptedError } from "../../../src/errors.ts";
import type { Amount } from "../../../src/money.ts";
import { encodeReply, refuse } from "../../../src/protocol/request_type.ts";
import { payRequestType } from "../../../src/protocol/transfer.ts";
import { orderPayload, signPayload } from "../../server/order_maker.ts";
import { named, startServer } from "../../server/test_server.ts";
import { garbage, honest, orderIn, refusing, reply, resultOf, submit } from "./payee_scripts.ts";
import type { Result } from "./payee_scripts.ts";
import { type Behaviour, memberOf, type PayeeScene, TestPayee } from "../test_member.ts";
import { KeptWallet } from "../wallet/memory_wallet_store.ts";
import { unpackOrder } from "../../../src/protocol/order.ts";
import { submitOrder } from "../../server/submit_order.ts";

const lunch = { payee: named("bob"), amount: 2000 as Amount };
const id = "019aaf3e-7c00-7000-8000-00000000000a";

const rows: readonly {
  readonly title: string;
  readonly behave: Behaviour;
  /** Where the payer has to give up waiting. */
  readonly timeoutMs?: number;
  readonly result: Result;
  /** How often the payer hands its order over; once when absent. */
  readonly times?: number;
  /** Whether the money moved. */
  readonly booked: boolean;
}[] = [
  { title: "submits it and says nothing", behave: honest, result: "paid", booked: true },
  {
    title: "submits it and closes",
    behave: (scene) => honest(scene).then(() => scene.stream.close()),
    result: "paid",
    booked: true,
  },
  {
    title: "submits it and refuses it then",
    behave: (scene) => honest(scene).then(() => refusing(261)(scene)),
    result: "paid",
    booked: true,
  },
  {
    title: "submits it and sends garbage",
    behave: (scene) => honest(scene).then(() => garbage(scene)),
    result: "paid",
    booked: true,
  },
  {
    title: "says nothing",
    behave: () => Promise.resolve(),
    timeoutMs: 2000,
    result: "unknown",
    booked: false,
  },
  {
    title: "closes",
    behave: ({ stream }) => Promise.resolve(stream.close()),
    result: "unknown",
    times: 2,
    booked: false,
  },
  { title: "sends garbage", behave: garbage, result: "unknown", times: 2, booked: false },
  {
    title: "refuses it, but keeps it and could submit it",
    behave: refusing(261),
    result: 261,
    booked: false,
  },
  {
    title: "says OK without a receipt",
    behave: refusing(300),
    result: 261,
    booked: false,
  },
  {
    title: "says that its payer's certificate is not valid",
    behave: refusing(220),
    result: 261,
    booked: false,
  },
  {
    title: "says that the order has expired",
    behave: refusing(265),
    result: 265,
    booked: false,
  },
  {
    title: "says that it takes no more payments",
    behave: refusing(263),
    result: 263,
    booked: false,
  },
  {
    title: "says that the server failed",
    behave: refusing(500),
    result: "unknown",
    booked: false,
  },
  {
    title: "says that it is booked, without a receipt",
    behave: (scene) => reply(scene, { re: scene.message.seq, code: 130, text: "transfer OK" }),
    timeoutMs: 2000,
    result: "unknown",
    booked: false,
  },
  {
    title: "answers another message",
    behave: (scene) => reply(scene, encodeReply(payRequestType, 7, refuse(261))),
    timeoutMs: 2000,
    result: "unknown",
    booked: false,
  },
  {
    title: "gives the order itself as the receipt",
    behave: (scene) => {
      const answer = { receipt: scene.message.body.order as string };
      return reply(scene, { re: scene.message.seq, code: 130, text: "transfer OK", answer });
    },
    timeoutMs: 2000,
    result: "unknown",
    booked: false,
  },
];

for (const { title, behave, timeoutMs, result, times = 1, booked } of rows) {
  Deno.test(`pay: a payee that ${title}: ${result}`, async () => {
    await using server = await startServer();
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    await using payee = await TestPayee.logIn(server, bob, { behave });
    const member = await memberOf(server, alice, { ...(timeoutMs && { timeoutMs }) });
    assertEquals(await resultOf(() => member.pay(lunch)), result);
    assertEquals(payee.messages.length, times);
    assertEquals(await server.balanceOf("alice"), booked ? 8000 : 10_000);
    // What was said is true for good: the payee still has the order.
    if (typeof result === "number") {
      const link = await server.link(bob);
      const kept = unpackOrder(payee.messages[0]!.body.order as string, alice.certificate);
      const late = await submitOrder(link, kept);
      assertEquals(late.outcome === "refused" && late.code, 265);
    }
    const order = orderIn(payee.messages[0]!);
    // Stored exactly when it is proven.
    assertEquals(await member.context.receipts.has(order.id), result === "paid");
    assertEquals((await member.status(order.id)).outcome, booked ? "paid" : "refused");
    await member.abandon();
  });
}

Deno.test("pay: the result of another order of the same amount proves nothing", async () => {
  const kept = new KeptWallet();
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const earlier = signPayload(orderPayload(alice, server.anchor), alice);
  await using _payee = await TestPayee.logIn(server, bob, {
    behave: async ({ link }) => void await submitOrder(link, earlier),
  });
  const member = await memberOf(server, alice, { kept, timeoutMs: 2000 });
  assertEquals(await resultOf(() => member.pay(lunch)), "unknown");
  assertEquals(await server.balanceOf("alice"), 8000);
  await member.abandon();
});

Deno.test("pay: a payer that the server's result does not reach asks, and has its receipt", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  await using _payee = await TestPayee.logIn(server, bob, { behave: honest });
  const { context } = await memberOf(server, alice);
  const { link } = context;
  link.listen = () => () => {};
  const member = new Member({ ...context, timeoutMs: 1000 });
  assertEquals(await resultOf(() => member.pay({ ...lunch, id })), "paid");
  assertEquals([await context.receipts.has(id), await context.outbox.ids()], [true, []]);
  await member.abandon();
});

Deno.test("pay: when the server refuses, its code is the payer's, whatever the payee says", async (t) => {
  const answers: readonly [string, Behaviour][] = [
    ["the same", (scene) => honest(scene).then(() => refusing(270)(scene))],
    ["nothing", honest],
    ["another code", (scene) => honest(scene).then(() => refusing(261)(scene))],
  ];
  for (const [title, behave] of answers) {
    await t.step(`the payee says ${title}`, async () => {
      const kept = new KeptWallet();
      await using server = await startServer();
      const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
      await using _payee = await TestPayee.logIn(server, bob, { behave });
      const member = await memberOf(server, alice, { kept });
      const amount = 10_001 as Amount;
      assertEquals(await resultOf(() => member.pay({ ...lunch, amount })), 270);
      await member.abandon();
    });
  }
});

Deno.test("pay: the same id again is paid once, and the second time tells of the first", async () => {
  const kept = new KeptWallet();
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  await using _payee = await TestPayee.logIn(server, bob, { behave: honest });
  const member = await memberOf(server, alice, { kept });
  const first = await member.pay({ ...lunch, id });
  assert(first.outcome === "paid");
  const again = await member.pay({ ...lunch, id });
  assert(again.outcome === "paid");
  // Nothing was sent the second time, so it took no way.
  assertEquals([again.receipt, first.way, again.way], [first.receipt, "direct", undefined]);
  const other = { ...lunch, id, amount: 1 as Amount };
  assertEquals(await resultOf(() => member.pay(other)), 266);
  assertEquals(await server.balanceOf("alice"), 8000);
  await member.abandon();
});

for (const viaServer of [false, true]) {
  const way = viaServer ? "through the server" : "directly";
  Deno.test(`pay: a payment that was made ${way} and whose receipt cannot be stored is in doubt, never failed, and is done when it can`, async () => {
    await using server = await startServer();
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    await using _payee = await TestPayee.logIn(server, bob, { behave: honest });
    const member = await memberOf(server, alice);
    const { outbox, receipts } = member.context;
    const add = receipts.add.bind(receipts);
    receipts.add = () => Promise.reject(new FileError("write it: No space left on device"));
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, viaServer })), "unknown");
    assertEquals([await server.balanceOf("alice"), await outbox.ids()], [8000, [id]]);
    receipts.add = add;
    assertEquals(await resultOf(() => member.pay({ ...lunch, id, viaServer })), "paid");
    assertEquals([await outbox.ids(), await receipts.has(id)], [[], true]);
    assertEquals(await server.balanceOf("alice"), 8000);
    await member.abandon();
  });
}

Deno.test("pay: a payment that is interrupted before it asks for its refused order sends nothing, and ends nothing else", async () => {
  await using server = await startServer();
  const alice = await server.enroll("alice");
  await server.enroll("bob");
  const member = await memberOf(server, alice);
  const poor = { ...lunch, id, amount: 10_001 as Amount, viaServer: true };
  assertEquals(await resultOf(() => member.pay(poor)), 270);
  const { link } = member.context;
  link.ask = () => Promise.reject(new Error("it was asked"));
  // Deno ends a process, and fails a test, for a rejection that nobody handles.
  const error = await assertRejects(() => member.pay(poor, { signal: AbortSignal.abort() }));
  assertInstanceOf(error, InterruptedError);
  await member.abandon();
});

Deno.test("pay: trying an id again while the first try is still on its way is paid once, and says so", async () => {
  const kept = new KeptWallet();
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const held: PayeeScene[] = [];
  // The payee hangs up twice, and submits the order just before it comes again.
  await using _payee = await TestPayee.logIn(server, bob, {
    behave: async (scene) => {
      held.push(scene);
      if (held.length <= 2) return scene.stream.close();
      await submit(held[0]!);
      await honest(scene);
    },
  });
  const member = await memberOf(server, alice, { kept });
  assertEquals(await resultOf(() => member.pay({ ...lunch, id })), "unknown");
  await member.abandon();
  // A person who asks again later, in another process.
  const again = await memberOf(server, alice, { kept });
  assertEquals(await resultOf(() => again.pay({ ...lunch, id })), "paid");
  assertEquals(await server.balanceOf("alice"), 8000);
  await again.abandon();
});
