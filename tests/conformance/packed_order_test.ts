/**
 * Orders that refer to their certificate, rule by rule of `docs/protocol.md`: at the server, at a
 * payee, and as the client sends them.
 */
import { assert, assertEquals } from "@std/assert";
import { decodeBase64UrlStrict, encodeBase64Url } from "../../src/base64.ts";
import { SubmitQueue } from "../../src/client/submit_queue.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import { orderDigest } from "../../src/ledger/entry.ts";
import type { Amount } from "../../src/money.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { unpackOrder, verifyOrder } from "../../src/protocol/order.ts";
import { packDocument } from "../../src/protocol/packed_document.ts";
import { oneTimeCodeDigest, registerRequestType } from "../../src/protocol/register.ts";
import { answerWith, refuse } from "../../src/protocol/request_type.ts";
import { encodeFingerprint } from "../../src/protocol/shapes.ts";
import { statusRequestType } from "../../src/protocol/status.ts";
import { type Result, submitRequestType } from "../../src/protocol/transfer.ts";
import { memberOf, TestPayee } from "../client/test_member.ts";
import { KeptWallet } from "../client/wallet/memory_wallet_store.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import {
  issueMember,
  makeApplicant,
  named,
  startServer,
  type TestServer,
} from "../server/test_server.ts";

const code = "7K2M-9QXD-4T0B-ZH5N";

function packedBy(identity: Identity, text: string): string {
  return packDocument({ text, signer: identity.certificate });
}

/** The text with references that are not to alice's certificate. */
function wrongReferences(text: string, { server, alice, bob }: {
  readonly server: TestServer;
  readonly alice: Identity;
  readonly bob: Identity;
}): string[] {
  const fingerprints = [issueMember(server.authority, "alice"), bob, server.identity]
    .map(({ certificate }) => certificate.fingerprint);
  const reference = encodeFingerprint(alice.certificate.fingerprint);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const next = alphabet[alphabet.indexOf(reference.slice(-1)) + 1];
  const references = [
    ...fingerprints.map(encodeFingerprint),
    encodeFingerprint("0".repeat(64)),
    // The same bytes for a reader that ignores unused bits.
    reference.slice(0, -1) + next,
    reference.slice(1),
    `${reference}A`,
    alice.certificate.fingerprint,
    encodeBase64Url(alice.certificate.der),
  ];
  return references.map((one) => one + text.slice(text.indexOf(".")));
}

async function submit(link: ServerLink, orders: string[]): Promise<Result[]> {
  const outcome = await link.ask(submitRequestType, { orders });
  assert(outcome.outcome === "answered");
  return outcome.answer.results;
}

Deno.test("order 21: the server books an order by a reference to a certificate of its ledger, once, and names the whole order", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const text = signPayload(orderPayload(alice, server.anchor), alice);
  const packed = packedBy(alice, text);
  const results = await submit(await server.link(bob), [packed, text, packed]);
  const { receipt } = results[0]!;
  assert(receipt);
  const expected = { order: orderDigest(text), code: 130, text: "transfer OK", receipt };
  assertEquals(results, Array<Result>(3).fill(expected as Result));
  assertEquals(await server.balanceOf("bob"), 12_000);
});

Deno.test("order 21: the status has the order packed for the asker whose certificate signed it, and else whole", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payload = orderPayload(alice, server.anchor);
  const text = signPayload(payload, alice);
  await submit(await server.link(bob), [text]);
  for (const [asker, order] of [[alice, packedBy(alice, text)], [bob, text]] as const) {
    const status = await (await server.link(asker)).ask(statusRequestType, {
      id: payload.id as string,
    });
    assert(status.outcome === "answered");
    assertEquals(status.answer.order, order);
  }
});

Deno.test("order 21: an order that an earlier certificate signed is whole for a payee and for the asker of a status, and a reference for the server", async () => {
  await using server = await startServer();
  const [earlier, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const booked = orderPayload(earlier, server.anchor);
  const bookedText = signPayload(booked, earlier);
  const bobs = await server.link(bob);
  const [before] = await submit(bobs, [bookedText]);
  const terms = {
    id: "019aaf3e-7c00-7000-8000-00000000000a",
    payee: named("bob"),
    amount: 5 as Amount,
  };
  const open = orderPayload(earlier, server.anchor, { ...terms, memo: undefined });
  const openText = signPayload(open, earlier);
  const kept = new KeptWallet();
  const first = await memberOf(server, earlier, { kept });
  await first.context.outbox.add(verifyOrder(openText, { anchor: server.anchor }));
  await first.abandon();
  const alice = await reissue(server, "alice");
  // What was booked keeps its receipt. What was not booked is refused, by either form.
  const packed = [bookedText, openText].map((text) => packedBy(earlier, text));
  const [again, refused, whole] = await submit(bobs, [...packed, openText]);
  assertEquals([again, refused?.code], [before, 261]);
  assertEquals(refused, whole);
  const came: unknown[] = [];
  await using _payee = await TestPayee.logIn(server, bob, {
    behave: ({ message, stream }) => {
      came.push(message.body.order);
      return Promise.resolve(stream.close());
    },
  });
  const member = await memberOf(server, alice, { kept });
  await member.pay(terms).catch(() => {});
  assert(came.length > 0);
  assertEquals([...new Set(came)], [openText]);
  const status = await member.status(String(booked.id));
  assert(status.outcome === "paid");
  assertEquals(status.receipt.payload.order, orderDigest(bookedText));
  await member.abandon();
});

Deno.test("order 22: the server refuses a reference that is not to the order's certificate with 261, and such a void makes nothing void", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payload = orderPayload(alice, server.anchor);
  const text = signPayload(payload, alice);
  const link = await server.link(bob);
  const wrong = wrongReferences(text, { server, alice, bob });
  for (const one of wrong) {
    const [result] = await submit(link, [one]);
    assertEquals(result?.code, 261, one);
    const status = await link.ask(statusRequestType, { id: payload.id as string, void: one });
    assertEquals(status.outcome === "refused" && status.code, 261, one);
  }
  assertEquals(await server.balanceOf("alice"), 10_000);
  // The first certificate is not in the ledger.
  assertEquals((await submit(link, [wrong[0]!]))[0]!.order, orderDigest(wrong[0]!));
  // The good one is not void.
  assertEquals((await submit(link, [packedBy(alice, text)]))[0]!.code, 130);
});

Deno.test("order 22: a reference alone does not make another's signature good", async () => {
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const forged = signPayload(orderPayload(alice, server.anchor), bob);
  const link = await server.link(bob);
  const asAlices = packedBy(alice, forged);
  const [result] = await submit(link, [asAlices]);
  const whole = unpackOrder(asAlices, alice.certificate);
  assertEquals([result?.code, result?.order], [261, orderDigest(whole)]);
  assertEquals(await server.balanceOf("alice"), 10_000);
});

Deno.test("order 22: a client takes the refusal of a reference that its server does not know, and is in no doubt", async () => {
  await using server = await startServer();
  const alice = issueMember(server.authority, "alice");
  const text = signPayload(orderPayload(alice, server.anchor), alice);
  const { code, text: why } = refuse(261);
  const asked: string[][] = [];
  const ask = (_: unknown, { orders }: { orders: string[] }) => {
    asked.push(orders);
    const results = orders.map((sent) => ({ order: orderDigest(sent), code, text: why }));
    return Promise.resolve(answerWith({ results }));
  };
  const queue = new SubmitQueue({ ask } as unknown as ServerLink);
  const result = await queue.submit(verifyOrder(text, { anchor: server.anchor }));
  assertEquals([asked, result.code], [[[packedBy(alice, text)]], 261]);
});

/** Revokes a member's certificate, and registers the account again with another key. */
async function reissue(server: TestServer, name: string): Promise<Identity> {
  const codeDigest = oneTimeCodeDigest(code);
  await server.end({ kind: "revocation", name: named(name), codeDigest });
  const { signer, privateKeyPem } = makeApplicant(name);
  const link = await server.link(signer);
  const outcome = await link.ask(registerRequestType, { name: named(name), code });
  assert(outcome.outcome === "answered");
  const der = decodeBase64UrlStrict(outcome.answer.certificate)!;
  const certificatePem = derToPem(der, "CERTIFICATE");
  const { anchor } = server;
  return openIdentity({ certificatePem, privateKeyPem, anchor, role: "member", atMs: Date.now() });
}
