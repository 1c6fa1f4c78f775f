/**
 * Giving back: by the payee only, what is left at the most, and once, whatever is lost on the way.
 */
import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/client/member.ts";
import type { Amount } from "../../src/money.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { signOrder } from "../../src/protocol/order.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { systemClock } from "../../src/clock.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { resultOf } from "./behaviours.ts";
import { memberOf } from "./test_member.ts";

interface Paid {
  readonly server: TestServer;
  readonly id: string;
  readonly alice: Member;
  readonly bob: Member;
  readonly bobIdentity: Identity;
}

/** Alice has paid bob 100. */
async function paid(act: (scene: Paid) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    await using server = await startServer();
    const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
    const members = {
      alice: await memberOf(server, alice, { folder: `${folder}/alice` }),
      bob: await memberOf(server, bob, { folder: `${folder}/bob` }),
    };
    const payment = await members.alice.pay({
      to: named("bob"),
      amount: 100 as Amount,
      viaServer: true,
    });
    assert(payment.outcome === "paid");
    await act({ server, id: payment.receipt.id, bobIdentity: bob, ...members });
    await Promise.all(Object.values(members).map((member) => member.abandon()));
  });
}

const amountOf = (amount: number) => ({ amount: amount as Amount });

Deno.test("refund: in parts up to the whole, then nothing is left", async () => {
  await paid(async ({ server, id, bob }) => {
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(101) })), 269);
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(60) })), "paid");
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(41) })), 269);
    const rest = await bob.refund({ id, memo: "the rest" });
    assert(rest.outcome === "paid");
    const { kind, refunds, amount, from, to } = rest.receipt;
    assertEquals([kind, refunds, amount as number, from, to], ["refund", id, 40, "bob", "alice"]);
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
    assertEquals(await resultOf(() => alice.refund({ id: given.receipt.id })), 268);
  });
});

Deno.test("refund: from two places at once, all that is left is given back once", async () => {
  await paid(async ({ server, id, bob, bobIdentity }) => {
    await inFolder(async (folder) => {
      const other = await memberOf(server, bobIdentity, { folder });
      const results = await Promise.all(
        [bob, other].map((one) => resultOf(() => one.refund({ id }))),
      );
      assertEquals(results.map(String).toSorted(), ["269", "paid"]);
      assertEquals(await server.balanceOf("bob"), 10_000);
      await other.abandon();
    });
  });
});

Deno.test("refund: one in doubt is sent again as it was, not made anew", async () => {
  await paid(async ({ server, id, bob, bobIdentity }) => {
    const { anchor } = server;
    const { link, outbox } = bob.context;
    const terms = {
      id: makeOrderId(systemClock, systemRandom),
      from: named("bob"),
      to: named("alice"),
      ...amountOf(30),
      refunds: id,
    };
    // A client that was killed right before, or right after, it sent this.
    const jws = await signOrder(terms, { identity: bobIdentity, anchor, clock: link });
    await outbox.add({ id: terms.id, jws });
    const given = await bob.refund({ id, ...amountOf(30) });
    assert(given.outcome === "paid");
    assertEquals(given.receipt.id, terms.id);
    assertEquals([await outbox.ids(), await server.balanceOf("bob")], [[], 10_070]);
    // Now it is settled, the same words are another refund.
    assertEquals(await resultOf(() => bob.refund({ id, ...amountOf(30) })), "paid");
    assertEquals(await server.balanceOf("bob"), 10_040);
  });
});
