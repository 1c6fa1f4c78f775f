/**
 * Payment requests between members. Each is paid once, also when two members pay it in two ways.
 */
import { assertEquals } from "@std/assert";
import type { Member } from "../../../src/client/member.ts";
import type { IncomingPayment } from "../../../src/client/payment/incoming_payments.ts";
import type { Amount } from "../../../src/money.ts";
import { packDocument } from "../../../src/protocol/packed_document.ts";
import type { PaymentRequestTerms } from "../../../src/protocol/payment_request.ts";
import { memberOf } from "../test_member.ts";
import { systemClock } from "../../../src/clock.ts";
import { EventLog } from "../../server/event_log.ts";
import { named, startServer, type TestServer } from "../../server/test_server.ts";

interface Scene {
  readonly server: TestServer;
  readonly members: readonly [alice: Member, bob: Member, carol: Member];
  /** How far the server's clock is ahead. */
  readonly shift: { ms: number };
}

async function withMembers(act: (scene: Scene) => Promise<void>): Promise<void> {
  const shift = { ms: 0 };
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + shift.ms };
  await using server = await startServer({ clock });
  const enrolled = async (name: string) => await memberOf(server, await server.enroll(name));
  const members = [
    await enrolled("alice"),
    await enrolled("bob"),
    await enrolled("carol"),
  ] as const;
  await act({ server, members, shift });
  await Promise.all(members.map((member) => member.abandon()));
}

function ask(payee: Member, terms: Partial<PaymentRequestTerms> = {}): Promise<string> {
  const all = { amount: 5 as Amount, memo: "lunch", lifetimeMs: 3_600_000, ...terms };
  return payee.request(all).then(packDocument);
}

async function payRequest(payer: Member, packed: string, viaServer: boolean): Promise<number> {
  const read = await payer.readRequest(packed);
  if (read.outcome === "refused") return read.code;
  const { id, payload: { payee, amount, memo } } = read.answer;
  const terms = { id, payee, amount, memo, viaServer, request: read.answer };
  const outcome = await payer.pay(terms);
  return outcome.outcome === "paid" ? 130 : outcome.code;
}

async function statesOf(member: Member): Promise<string[]> {
  return (await member.requests()).map(({ state }) => state);
}

for (const ways of [[true, true], [false, false], [true, false]] as const) {
  const how = ways.map((isServer) => isServer ? "via the server" : "directly").join(" and ");
  Deno.test(`request: two members pay a request at the same moment, ${how}: one is charged`, async () => {
    await withMembers(async ({ server, members: [alice, bob, carol] }) => {
      const payments = new EventLog<IncomingPayment>(({ receipt }) => receipt.payload.id);
      await bob.goOnline({
        listen: { host: "127.0.0.1", port: 0 },
        onPayment: (payment) => payments.add(payment),
        onFault: (error) => {
          throw error;
        },
      });
      const packed = await ask(bob);
      assertEquals(await statesOf(bob), ["open"]);
      const codes = await Promise.all([
        payRequest(alice, packed, ways[0]),
        payRequest(carol, packed, ways[1]),
      ]);
      assertEquals(codes.toSorted(), [130, 275]);
      assertEquals(await server.balanceOf("bob"), 10_005);
      assertEquals(await statesOf(bob), ["paid"]);
      // Paying it again is no second payment, and tells each of the two the same as before.
      const again = [
        await payRequest(alice, packed, true),
        await payRequest(carol, packed, true),
      ];
      assertEquals(again, codes);
    });
  });
}

Deno.test("request: the server delivers a payment while the payee is away, and it shows as paid", async () => {
  await withMembers(async ({ members: [alice, bob] }) => {
    assertEquals(await payRequest(alice, await ask(bob), false), 130);
    assertEquals(await statesOf(bob), ["paid"]);
    for await (const received of bob.received({ since: 0 })) {
      const { request, receipt } = received.outcome === "answered" ? received.answer : {};
      if (receipt?.payload.kind === "payment") assertEquals(request, receipt.payload.id);
    }
    const [listed] = await bob.requests();
    assertEquals([listed?.state, listed?.receipt?.payload.payer], ["paid", "alice"]);
  });
});

Deno.test("request: requests that are altered, over, one's own, or for somebody else are not paid", async () => {
  await withMembers(async ({ server, members: [alice, bob, carol], shift }) => {
    const packed = await ask(bob, { payer: named("carol") });
    assertEquals(await payRequest(alice, packed, true), 273);
    assertEquals(await payRequest(bob, packed, true), 280);
    const at = packed.indexOf(".") + 30;
    const altered = packed.slice(0, at) + (packed[at] === "A" ? "B" : "A") + packed.slice(at + 1);
    assertEquals(await payRequest(carol, altered, true), 273);
    assertEquals(await payRequest(carol, `${"A".repeat(43)}${packed.slice(43)}`, true), 273);
    const brief = await ask(bob, { lifetimeMs: 1000 });
    shift.ms = 3_000;
    await alice.balance();
    assertEquals(await payRequest(alice, brief, true), 274);
    await bob.balance();
    assertEquals((await statesOf(bob)).toSorted(), ["expired", "open"]);
    assertEquals(await payRequest(carol, packed, true), 130);
    assertEquals(await server.balanceOf("bob"), 10_005);
  });
});
