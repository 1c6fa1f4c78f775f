/**
 * The limits of a wallet: which payments they refuse, what counts towards them, and that no
 * interleaving of several processes pays more.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Member } from "../../../src/client/member.ts";
import { SqliteWalletStore } from "../../../src/client/sqlite/sqlite_wallet_store.ts";
import {
  exceededLimit,
  isRaise,
  type LimitChange,
  limitDayMs,
} from "../../../src/client/wallet/payment_limits.ts";
import { TimeoutError } from "../../../src/errors.ts";
import type { Amount } from "../../../src/money.ts";
import { statusRequestType } from "../../../src/protocol/status.ts";
import { submitRequestType } from "../../../src/protocol/transfer.ts";
import type { Order, SignedOrder } from "../../../src/protocol/order.ts";
import type { SignedReceipt } from "../../../src/protocol/receipt.ts";
import { inFolder } from "../../pki/temporary_folder.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";
import { memberOf, TestPayee } from "../test_member.ts";
import { ledger, orderId } from "../wallet/wallet_rows.ts";
import { honest, resultOf } from "./payee_scripts.ts";

interface Scene {
  readonly server: TestServer;
  readonly alice: Member;
  readonly bob: Member;
  /** Has alice pay bob through the server. @returns "paid", "unknown" or the code */
  readonly pay: (amount: number, id?: string) => Promise<unknown>;
  /** What counts towards alice's limit of a day. */
  readonly paid: () => Promise<number>;
}

/** Alice's wallet has these limits. */
async function limited(
  change: LimitChange,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  await using server = await startServer();
  const alice = await memberOf(server, await server.enroll("alice"));
  const bob = await memberOf(server, await server.enroll("bob"));
  const { limits, link } = alice.context;
  assert(await limits.set(change, { mayRaise: false }));
  const pay = (amount: number, id?: string) => {
    const terms = { payee: named("bob"), amount: amount as Amount, id, viaServer: true };
    return resultOf(() => alice.pay(terms));
  };
  const paid = async () => (await limits.read(link.nowMs())).paid;
  await act({ server, alice, bob, pay, paid });
  await Promise.all([alice.abandon(), bob.abandon()]);
}

const id = "019aaf3e-7c00-7000-8000-00000000000a";

Deno.test("a payment beyond a limit is refused with the limit, and nothing is recorded or booked", async () => {
  await limited({ perPayment: 10, perDay: 15 }, async ({ server, alice, pay, paid }) => {
    const beyond = await alice.pay({ payee: named("bob"), amount: 11 as Amount, viaServer: true });
    assertEquals(beyond, {
      outcome: "refused",
      code: 271,
      text: "transfer FAIL: more than this wallet's limit for one payment (10)",
      exceeded: { exceeded: "perPayment", limit: 10, left: 10 },
    });
    assertEquals(await pay(10), "paid");
    const late = await alice.pay({ payee: named("bob"), amount: 6 as Amount, viaServer: true });
    assertEquals(late, {
      outcome: "refused",
      code: 272,
      text: "transfer FAIL: more than is left of this wallet's limit for 24 hours (5 of 15)",
      exceeded: { exceeded: "perDay", limit: 15, left: 5 },
    });
    assertEquals([await pay(5), await pay(1)], ["paid", 272]);
    assertEquals([await paid(), await alice.context.outbox.ids()], [15, []]);
    assertEquals(await server.balanceOf("alice"), 9985);
  });
});

/** Steps, with what they come to under a limit of 15 for 24 hours, and what counts afterwards. */
const rows: readonly {
  readonly title: string;
  readonly act: (scene: Scene) => Promise<unknown>;
  readonly results: unknown;
  readonly counts: number;
}[] = [
  {
    title: "the same payment again under its id counts once, and is not refused",
    act: async ({ pay }) => [await pay(10, id), await pay(10, id), await pay(5), await pay(10, id)],
    results: ["paid", "paid", "paid", "paid"],
    counts: 15,
  },
  {
    title: "a payment that the server refused does not count",
    act: async ({ alice, pay }) => [
      await resultOf(() =>
        alice.pay({ payee: named("nobody"), amount: 15 as Amount, viaServer: true })
      ),
      await pay(15),
    ],
    results: [262, "paid"],
    counts: 15,
  },
  {
    title: "a payment counts while its outcome is not known",
    act: async ({ alice, pay }) => {
      const { link } = alice.context;
      const ask = link.ask.bind(link);
      const silent = [submitRequestType, statusRequestType] as const;
      link.ask = (type, request) =>
        silent.some((one) => one.type === type.type)
          ? Promise.reject(new TimeoutError("nothing came"))
          : ask(type, request);
      const lost = await pay(9);
      link.ask = ask;
      return [lost, (await alice.context.outbox.ids()).length, await pay(7), await pay(6)];
    },
    results: ["unknown", 1, 272, "paid"],
    counts: 15,
  },
  {
    title: "money that comes back does not make room",
    act: async ({ bob, alice, pay }) => {
      const paid = await alice.pay({ payee: named("bob"), amount: 15 as Amount, viaServer: true });
      assert(paid.outcome === "paid");
      const given = await resultOf(() => bob.refund({ id: paid.receipt.payload.id }));
      return [given, await pay(1)];
    },
    results: ["paid", 272],
    counts: 15,
  },
  {
    title: "giving back what one was paid counts, and is refused beyond the limit",
    act: async ({ bob, alice, pay }) => {
      const came = await bob.pay({ payee: named("alice"), amount: 20 as Amount, viaServer: true });
      assert(came.outcome === "paid");
      const { id } = came.receipt.payload;
      return [
        await resultOf(() => alice.refund({ id })),
        await resultOf(() => alice.refund({ id, amount: 14 as Amount })),
        await pay(2),
      ];
    },
    results: [272, "paid", 272],
    counts: 14,
  },
  {
    title: "payments to a payee that is online count too",
    act: async ({ server, alice }) => {
      const carol = await server.enroll("carol");
      await using _payee = await TestPayee.logIn(server, carol, { behave: honest });
      const pay = (amount: number) =>
        resultOf(() => alice.pay({ payee: named("carol"), amount: amount as Amount }));
      return [await pay(10), await pay(10), await pay(5)];
    },
    results: ["paid", 272, "paid"],
    counts: 15,
  },
  {
    title: "of many payments at once, no more are made than the limit allows",
    act: async ({ alice }) => {
      const terms = { payee: named("bob"), amount: 4 as Amount };
      const made = await alice.payAll(Array.from({ length: 8 }, () => terms));
      return made.filter((one) => one.status === "fulfilled" && one.value.outcome === "paid")
        .length;
    },
    results: 3,
    counts: 12,
  },
];

for (const { title, act, results, counts } of rows) {
  Deno.test(`limit of a day: ${title}`, async () => {
    await limited({ perDay: 15 }, async (scene) => {
      assertEquals(await act(scene), results);
      assertEquals(await scene.paid(), counts);
    });
  });
}

Deno.test("a limit of 0 forbids every payment", async () => {
  await limited({ perPayment: 0 }, async ({ pay }) => assertEquals(await pay(1), 271));
  await limited({ perDay: 0 }, async ({ pay }) => assertEquals(await pay(1), 272));
});

Deno.test("only a change that lets more be paid raises a limit", () => {
  const limits = { perPayment: 5, perDay: undefined };
  const changes: readonly (readonly [LimitChange, boolean])[] = [
    [{}, false],
    [{ perPayment: 5 }, false],
    [{ perPayment: 4, perDay: 9 }, false],
    [{ perDay: "none" }, false],
    [{ perPayment: 6 }, true],
    [{ perPayment: "none" }, true],
    [{ perPayment: 6, perDay: 1 }, true],
  ];
  for (const [change, expected] of changes) {
    assertEquals([change, isRaise(change, limits)], [change, expected]);
  }
});

Deno.test("a limit is exact up to the greatest amounts", () => {
  const max = Number.MAX_SAFE_INTEGER;
  const limits = { perPayment: undefined, perDay: max };
  assertEquals(exceededLimit(1, limits, () => max - 1), undefined);
  assertEquals(exceededLimit(2, limits, () => max - 1)?.left, 1);
  assertEquals(exceededLimit(1, limits, () => 4 * max)?.left, 0);
});

/** What one of two processes does next, or how much time passes. */
type Step =
  | { readonly kind: "pay"; readonly process: 0 | 1; readonly amount: number }
  | { readonly kind: "book" | "void" | "refuse"; readonly process: 0 | 1; readonly at: number }
  | { readonly kind: "pass"; readonly hours: number };

const process = fc.constantFrom<(0 | 1)[]>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pay" as const),
      process,
      amount: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("book" as const, "book" as const, "void" as const, "refuse" as const),
      process,
      at: fc.nat({ max: 50 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      hours: fc.integer({ min: 1, max: 30 }),
    }),
  },
);

Deno.test("no interleaving of two processes books more than the limit in any 24 hours", async () => {
  const perDay = 20;
  const alice = named("alice");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await inFolder(async (folder) => {
        const stores = [0, 1].map(() => new SqliteWalletStore(`${folder}/wallet.db`));
        const accounts = stores.map((store) => store.account(ledger, alice));
        await accounts[0]!.limits.set({ perDay }, { mayRaise: false });
        const booked: { readonly atMs: number; readonly amount: number }[] = [];
        let open: SignedOrder[] = [];
        let [nowMs, number] = [Date.parse("2026-11-26T12:00:00Z"), 0];
        const waiting: Promise<unknown>[] = [];
        for (const one of steps) {
          nowMs += 1000;
          if (one.kind === "pass") {
            await Promise.all(waiting.splice(0));
            nowMs += one.hours * 3_600_000;
          } else if (one.kind === "pay") {
            const order = plainOrder(orderId(number++), one.amount, nowMs);
            // Not awaited: the other process may be in the middle of its own.
            const adding = accounts[one.process]!.outbox.add(order);
            waiting.push(adding.then((stored) => {
              if (!("exceeded" in stored)) open.push(order);
            }));
          } else {
            await Promise.all(waiting.splice(0));
            const order = open[one.at % (open.length || 1)];
            if (!order) continue;
            open = open.filter((other) => other !== order);
            const { outbox, receipts } = accounts[one.process]!;
            if (one.kind === "void") await outbox.remove(order);
            else if (one.kind === "refuse") await outbox.markRefused(order);
            else {
              booked.push({ atMs: nowMs, amount: order.payload.amount });
              await receipts.add(receiptOf(order, nowMs), order);
            }
          }
        }
        await Promise.all(waiting);
        for (const { atMs: end } of booked) {
          const inDay = booked.filter(({ atMs }) => atMs <= end && atMs > end - limitDayMs);
          assert(inDay.reduce((sum, { amount }) => sum + amount, 0) <= perDay);
        }
        stores.forEach((store) => store.close());
      });
    }),
    { numRuns: 40 },
  );
});

/** As much of an order as a wallet reads. */
function plainOrder(id: string, amount: number, atMs: number): SignedOrder {
  const iat = Math.floor(atMs / 1000);
  const payload = { id, payer: "alice", payee: "bob", amount, iat, exp: iat + 120 } as Order;
  return { text: `o.o.${id}`, payload } as SignedOrder;
}

function receiptOf({ payload: { id, amount } }: SignedOrder, atMs: number): SignedReceipt {
  const at = new Date(atMs).toISOString();
  const terms = { id, entry: 1, kind: "payment", payer: "alice", payee: "bob", amount, at };
  return { text: `r.r.${id}`, payload: terms } as SignedReceipt;
}
