/**
 * An order's outcome, by the table of checks in `docs/protocol.md`.
 * `tests/server/handlers/submit_test.ts` covers the other checks.
 */
import { assert, assertEquals } from "@std/assert";
import type { Identity } from "../../src/pki/identity.ts";
import { check } from "../../src/protocol/request_type.ts";
import { resultsShape } from "../../src/protocol/transfer.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { Scene } from "../hostile/scene.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { assertRefusal, Speaker } from "./speaker.ts";

const otherId = "019aaf3e-7c00-7000-8000-000000000002";
const thirdId = "019aaf3e-7c00-7000-8000-000000000003";

interface Row {
  readonly title: string;
  /** Members of bob's refund of alice's payment of 2000 that are another than a good one's. */
  readonly changes: (payment: JsonObject) => JsonObject;
  readonly code: number;
}

const rows: readonly Row[] = [
  { title: "order 18: a refund of a part", changes: () => ({ amount: 1999 }), code: 130 },
  {
    title: "order 15: a refund of more than was paid",
    changes: () => ({ amount: 2001 }),
    code: 269,
  },
  {
    title: "order 14: a refund of what was never booked",
    changes: () => ({ refunds: otherId }),
    code: 268,
  },
  {
    title: "order 14: a refund to another than the payer",
    changes: () => ({ payee: "carol" }),
    code: 268,
  },
  {
    title: "order 12: an order to nobody",
    changes: () => ({ payee: "dave", refunds: undefined }),
    code: 262,
  },
  {
    title: "order 11: a payment's own id",
    changes: ({ id }) => ({ id, refunds: undefined }),
    code: 266,
  },
  {
    title: "order 16: more than there is",
    changes: () => ({ amount: 12_001, refunds: undefined }),
    code: 270,
  },
];

for (const { title, changes, code } of rows) {
  Deno.test(`${title} is answered ${code}, and again the same`, async () => {
    await withPayment(async ({ bob, bobs, payment, sign }) => {
      const order = sign(bob, {
        payee: "alice",
        amount: 500,
        refunds: payment.id,
        ...changes(payment),
      });
      for (let time = 0; time < 2; time++) {
        const reply = await bobs.submit(order);
        if (code === 130) assertEquals(reply !== "closed" && reply.code, 130);
        else assertRefusal(reply, code);
      }
    });
  });
}

Deno.test("order 15: what was refunded is less each time, and then nothing is left", async () => {
  await withPayment(async ({ bob, bobs, payment, sign }) => {
    for (const [amount, code] of [[1500, 130], [501, 269], [500, 130], [1, 269]]) {
      const order = sign(bob, { payee: "alice", amount, refunds: payment.id });
      assertEquals(await bobs.submitCode(order), code);
    }
  });
});

Deno.test("status 5: the status of a payment tells how much of it is refunded, that of a refund does not", async () => {
  await withPayment(async ({ alices, bob, bobs, payment, sign }) => {
    const refundedOf = async (id: unknown) => {
      const reply = await alices.ask("status", { id });
      assert(reply !== "closed" && reply.code === 130);
      return (reply.answer as JsonObject).refunded;
    };
    assertEquals(await refundedOf(payment.id), 0);
    for (const [id, amount, refunded] of [[otherId, 1500, 1500], [thirdId, 7, 1507]] as const) {
      const order = sign(bob, { id, payee: "alice", amount, refunds: payment.id });
      assertEquals(await bobs.submitCode(order), 130);
      assertEquals(await refundedOf(payment.id), refunded);
    }
    assertEquals(await refundedOf(otherId), undefined);
  });
});

const memos: readonly (readonly [rule: string, memo: string, code: number])[] = [
  ["memo 1: a Persian word with a blank behind it", "\u0645\u06cc ", 261],
  ["memo 1: a non-joiner between Latin letters", "a\u200cb", 261],
  ["memo 1: an invisible letter", "\u3164", 261],
  ["memo 1: two blanks side by side", "a\u2800 b", 261],
  ["memo 1: a mark at the beginning", "\u0301a", 261],
  ["memo 1: a fifth mark on a letter", `e${"\u0301".repeat(5)}`, 261],
  ["memo 1: a joiner at the end of an emoji", "\u{1f468}\u200d", 261],
  [
    "memo 2: a Persian word with a non-joiner",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    130,
  ],
  ["memo 2: a Telugu word with a non-joiner", "\u0c30\u0c3e\u0c1c\u0c4d\u200c", 130],
  ["memo 2: a family of three", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", 130],
  ["memo 2: a heart in colour", "\u2764\ufe0f", 130],
  ["memo 2: the key of a telephone", "1\ufe0f\u20e3", 130],
];

for (const [title, memo, code] of memos) {
  Deno.test(`${title}, in a memo, is answered ${code}`, async () => {
    await withPayment(async ({ alice, alices, sign }) => {
      assertEquals(await alices.submitCode(sign(alice, { memo })), code);
    });
  });
}

Deno.test("submit 2: either side is given the same receipt, and an outsider none", async () => {
  await withPayment(async ({ alices, bobs, carols, order }) => {
    const replies = [await alices.submit(order), await bobs.submit(order)];
    const [first, second] = replies.map((reply) => reply !== "closed" && reply.answer);
    assert(first);
    assertEquals(first, second);
    assertRefusal(await carols.submit(order), 261);
  });
});

Deno.test("push 2: what can never be booked is told to the one that asked, and pushed to nobody", async () => {
  await withPayment(async ({ alice, alices, bobs, sign }) => {
    const exp = Math.floor(Date.now() / 1000) - 1000;
    // Ends before it begins: no clock makes it good.
    const never = sign(alice, { amount: 1, exp });
    assertRefusal(await bobs.submit(never), 261);
    const late = sign(alice, { amount: 1, iat: exp - 100, exp });
    assertRefusal(await bobs.submit(late), 265);
    // The first push is about the second order.
    const told = await alices.next();
    assert(told !== "closed");
    const [result] = check(resultsShape, told.body, "read results").results;
    assertEquals([told.type, result?.code], ["result", 265]);
  });
});

interface Paid {
  readonly alice: Identity;
  readonly bob: Identity;
  readonly alices: Speaker;
  readonly bobs: Speaker;
  readonly carols: Speaker;
  /** The members of alice's order of 2000 to bob, which was booked. */
  readonly payment: JsonObject;
  readonly order: string;
  readonly sign: (payer: Identity, changes: JsonObject) => string;
}

async function withPayment(action: (paid: Paid) => Promise<void>): Promise<void> {
  await using scene = await Scene.open();
  const { server } = scene;
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  using alices = Speaker.on(await scene.greet(), alice);
  using bobs = Speaker.on(await scene.greet(), bob);
  using carols = Speaker.on(await scene.greet(), await server.enroll("carol"));
  const payment = orderPayload(alice, server.anchor);
  const order = await signPayload(payment, alice);
  assertEquals(await alices.submitCode(order), 130);
  const sign = (payer: Identity, changes: JsonObject) =>
    signPayload(orderPayload(payer, server.anchor, changes), payer);
  await action({ alice, bob, alices, bobs, carols, payment, order, sign });
}
