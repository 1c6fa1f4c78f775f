/**
 * A client's reaction to the server, rule by rule of `docs/protocol.md`.
 * `tests/client/server_link_test.ts` covers the other rules.
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Member } from "../../src/client/member.ts";
import type { MemberContext } from "../../src/client/member_context.ts";
import { OrderDelivery } from "../../src/client/payment/order_delivery.ts";
import { askStatus } from "../../src/client/payment/order_outcome.ts";
import { newlyRecorded } from "../../src/client/payment/order_state.ts";
import { EnvelopeError, ProtocolError } from "../../src/errors.ts";
import { orderDigest } from "../../src/ledger/entry.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { verifyOrder } from "../../src/protocol/order.ts";
import { packReceipt, verifyReceipt } from "../../src/protocol/receipt.ts";
import { replyType } from "../../src/protocol/request_type.ts";
import { systemRandom } from "../../src/random.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { type Linked, linked, reply } from "../client/link_scene.ts";
import { MemoryWalletStore } from "../client/wallet/memory_wallet_store.ts";
import { alice, anchor } from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { waitUntil } from "../server/wait_until.ts";
import { named } from "../server/test_server.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { type DocumentVector, readVectors } from "../vectors/vector_files.ts";

const documents = await readVectors<DocumentVector[]>("documents");
const jwsOf = (what: string) => documents.find((one) => one.what === what)!.jws;
const lunch = jwsOf("alice pays bob 2000 for lunch");
const packedReceiptOf = (what: string) => packReceipt(verifyReceipt(jwsOf(what), { anchor }));
const lunchReceipt = packedReceiptOf("the receipt of alice's order");
const refund = jwsOf("bob gives 500 back");
const refundReceipt = packedReceiptOf("the receipt of bob's refund");
const wrongReceipts = [
  jwsOf("the receipt of alice's order"),
  { ...lunchReceipt, entry: lunchReceipt.entry + 1 },
  { ...lunchReceipt, kind: "refund" },
  { ...lunchReceipt, at: "2026-11-23T12:00:01.001Z" },
  { ...lunchReceipt, at: "2026-99-99T12:00:01.000Z" },
  { ...lunchReceipt, head: refundReceipt.head },
  { ...lunchReceipt, head: undefined },
  { ...lunchReceipt, signature: refundReceipt.signature },
  { ...lunchReceipt, signature: lunchReceipt.signature.slice(0, 85) },
  { ...lunchReceipt, more: true },
];

const malformed: readonly (readonly [what: string, body: JsonObject])[] = [
  ["no code", { re: 1, text: "OK" }],
  ["a code that there is not", { re: 1, code: 999, text: "OK" }],
  ["no text", { re: 1, code: 400 }],
  ["a text of 1,001 characters", { re: 1, code: 400, text: "a".repeat(1001) }],
  ["a negative re", { re: -1, code: 400, text: "unknown" }],
  ["an answer that is an array", { re: 1, code: 300, text: "OK", answer: [] }],
  ["a member too many", { re: 1, code: 400, text: "unknown", more: true }],
];

for (const [what, body] of malformed) {
  Deno.test(`request 13: a reply with ${what} closes the connection`, async () => {
    await linked(async ({ link, server }) => {
      server.send(replyType, body);
      assertInstanceOf((await link.closed).cause, ProtocolError);
      assertEquals((await server.receive()).kind, "end");
    });
  });
}

Deno.test("request 13: a reply to what was not asked is passed over", async () => {
  await linked(async ({ link, server }) => {
    server.send(replyType, { re: 77, code: 300, text: "OK", answer: { balance: 1 } });
    const asked = link.ask(balanceRequestType, {});
    reply(server, 1, 7);
    assertEquals(await asked, { outcome: "answered", answer: { balance: 7 } });
  });
});

const tellingNothing: readonly (readonly [what: string, body: JsonObject])[] = [
  ["a success without an answer", { code: 300, text: "OK" }],
  ["an answer of another shape", { code: 300, text: "OK", answer: { balance: "7" } }],
  ["an answer with a member too many", {
    code: 300,
    text: "OK",
    answer: { balance: 7, of: "bob" },
  }],
  ["a refusal with an answer", { code: 400, text: "unknown", answer: { balance: 7 } }],
  ["another request type's success", { code: 130, text: "transfer OK", answer: { balance: 7 } }],
];

for (const [what, body] of tellingNothing) {
  Deno.test(`request 13: ${what} tells nothing, and the connection stays`, async () => {
    await linked(async ({ link, server }) => {
      const asked = assertRejects(() => link.ask(balanceRequestType, {}), ProtocolError);
      server.send(replyType, { re: 1, ...body });
      await asked;
      const again = link.ask(balanceRequestType, {});
      reply(server, 2, 7);
      assertEquals(await again, { outcome: "answered", answer: { balance: 7 } });
    });
  });
}

Deno.test("push 5: a result that is not of its shape, or proves nothing, is passed over", async () => {
  await withMember(async ({ context, server }) => {
    const delivery = new OrderDelivery(context);
    const order = verifyOrder(lunch, { anchor });
    await context.outbox.add(order);
    const delivered = delivery.deliver({ order, progress: newlyRecorded }, {
      isSame: () => true,
    });
    assertEquals((await server.receive()).kind, "message");
    const digest = { order: orderDigest(lunch) };
    const refused = { ...digest, code: 270, text: "transfer FAIL due to bankruptcy" } as const;
    const paid = { ...digest, code: 130, text: "transfer OK", receipt: lunchReceipt };
    for (
      const body of [
        {},
        { results: [] },
        { results: [{ ...refused, code: 999 }] },
        { results: [{ ...refused, more: true }] },
        { results: [{ ...refused, order: undefined }] },
        { results: [{ ...refused, order: orderDigest(refund) }] },
        { results: [{ ...refused, receipt: "no JWS" }] },
        { results: [{ ...refused, receipt: lunchReceipt }] },
        { results: [{ ...paid, receipt: undefined }] },
        { results: [{ ...paid, receipt: refundReceipt }] },
        ...wrongReceipts.map((receipt) => ({ results: [{ ...paid, receipt }] })),
      ]
    ) server.send("result", body);
    server.send("result", { results: [paid] });
    assertEquals((await delivered).outcome, "paid");
    assert(context.link.isOpen);
  });
});

Deno.test("client 6: a status with the order and the receipt of another id proves nothing", async () => {
  await withMember(async ({ context, server }) => {
    const { id } = verifyOrder(refund, { anchor }).payload;
    const asked = askStatus(id, context);
    const told = await server.receive();
    assert(told.kind === "message");
    const answer = { order: lunch, receipt: lunchReceipt };
    server.send(replyType, { re: told.message.seq, code: 130, text: "transfer OK", answer });
    await assertRejects(() => asked, EnvelopeError, "the answer has the order");
  });
});

Deno.test("push 5: a payment that is not of its shape, or proves nothing, is told as a fault and not as money", async () => {
  await withMember(async ({ context, server }) => {
    const faults: unknown[] = [];
    const entries: number[] = [];
    const member = new Member(context);
    const going = member.goOnline({
      listen: { host: "127.0.0.1", port: 0 },
      onPayment: ({ receipt }) => entries.push(receipt.payload.entry),
      onFault: (error) => faults.push(error),
    });
    const asked = await server.receive();
    assert(asked.kind === "message");
    const answer = { ip: "127.0.0.1", port: 1 };
    server.send(replyType, { re: asked.message.seq, code: 110, text: "OK", answer });
    assertEquals((await going).outcome, "answered");
    const wrong = [
      {},
      { order: refund, receipt: refundReceipt },
      { payments: [] },
      ...[
        { order: refund },
        { order: refund, receipt: refundReceipt, more: true },
        { order: refund, receipt: lunchReceipt },
        { order: lunch, receipt: lunchReceipt },
        ...wrongReceipts.map((receipt) => ({ order: refund, receipt })),
        { order: jwsOf("the receipt of bob's refund"), receipt: refundReceipt },
      ].map((payment) => ({ payments: [payment] })),
    ];
    for (const body of wrong) server.send("payment", body);
    server.send("payment", { payments: [{ order: refund, receipt: refundReceipt }] });
    await waitUntil(() => entries.length + faults.length > wrong.length, "everything to be read");
    assertEquals([entries, faults.length], [[3], wrong.length]);
    assert(context.link.isOpen);
    await member.abandon();
  });
});

/** A client of alice's that is connected to a server that does what the test does. */
async function withMember(
  action: (scene: Linked & { readonly context: MemberContext }) => Promise<void>,
): Promise<void> {
  await linked(async (scene) => {
    const store = new MemoryWalletStore();
    const name = named("alice");
    const { context } = new Member({
      name,
      identity: alice,
      anchor,
      sessionKey: sessionKeys.alice,
      link: scene.link,
      ...store.account(anchor.fingerprint, name),
      receiptsFile: store.file,
      network: new MemoryNetwork(),
      clock: scene.clock,
      random: systemRandom,
      timeoutMs: 1000,
    });
    await action({ ...scene, context });
  });
}
