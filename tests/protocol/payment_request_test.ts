/**
 * Payment requests: what verifies, and which order pays one.
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { systemClock } from "../../src/clock.ts";
import { isDocumentError } from "../../src/errors.ts";
import { requestBytesMax, requestLifetimeMsMax } from "../../src/limits.ts";
import { memoCharactersMax } from "../../src/memo.ts";
import type { Amount } from "../../src/money.ts";
import { signDocument } from "../../src/pki/signed_document.ts";
import type { Code } from "../../src/protocol/code.ts";
import { isDerivedByAnother } from "../../src/protocol/derived_order_id.ts";
import { type OrderTerms, signOrder, verifyOrder } from "../../src/protocol/order.ts";
import { judgeOrder } from "../../src/protocol/order_validity.ts";
import { packDocument, packedSigner } from "../../src/protocol/packed_document.ts";
import {
  type PaymentRequestTerms,
  signPaymentRequest,
  unpackPaymentRequest,
  verifyPaymentRequest,
} from "../../src/protocol/payment_request.ts";
import { systemRandom } from "../../src/random.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { startServer } from "../server/test_server.ts";
import { named } from "../server/test_server.ts";

await using server = await startServer();
const { anchor } = server;
const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
const [payer, payee] = [named("alice"), named("bob")];
const hourMs = 3_600_000;

function requestOf(terms: Partial<PaymentRequestTerms> = {}) {
  const all = { amount: 5 as Amount, memo: "lunch", lifetimeMs: hourMs, ...terms };
  return signPaymentRequest(all, {
    ...{ payee, identity: bob, anchor, clock: systemClock, random: systemRandom },
  });
}

function verdictOf(changes: Partial<OrderTerms>, { request = requestOf(), afterMs = 0 } = {}) {
  const { id, text, payload: { amount, memo } } = request;
  const terms = { id, payer, payee, amount, memo, request: text, ...changes };
  const atMs = systemClock.nowMs() + afterMs;
  const order = signOrder(terms, { identity: alice, anchor, clock: { nowMs: () => atMs } });
  const read = verifyOrder(order.text, { anchor });
  assertEquals(read.request, order.request);
  return judgeOrder(read, { atMs })?.code;
}

Deno.test("request: a request verifies, whole and unpacked, and keeps its id", () => {
  const request = requestOf({ payer });
  assertEquals(verifyPaymentRequest(request.text, { anchor }), request);
  const packed = packDocument(request);
  assertEquals(packedSigner(packed), bob.certificate.fingerprint);
  assertEquals(unpackPaymentRequest(packed, bob.certificate), request.text);
  assertEquals(isDerivedByAnother(request.id, payee), false);
  assertEquals(isDerivedByAnother(request.id, payer), true);
});

Deno.test("request: two requests for the same have different ids", () => {
  assertNotEquals(requestOf().id, requestOf().id);
});

Deno.test("request: the longest request fits into an order", () => {
  const memo = "\u{1f4b6}".repeat(memoCharactersMax);
  const request = requestOf({ memo, payer });
  assert(request.text.length <= requestBytesMax);
  assertEquals(verdictOf({}, { request }), undefined);
});

Deno.test("request: altering any byte of a request is refused", () => {
  const { text } = requestOf();
  const characters = [..."ABab09-_.=+/ "];
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom(...characters),
      (at, character) => {
        fc.pre(text[at] !== character);
        const altered = text.slice(0, at) + character + text.slice(at + 1);
        const error = assertThrows(() => verifyPaymentRequest(altered, { anchor }));
        assert(isDocumentError(error));
      },
    ),
    { numRuns: 400 },
  );
});

const seconds = Math.floor(systemClock.nowMs() / 1000);
const forged: Readonly<Record<string, JsonObject>> = {
  "of another payee": { payee: "alice" },
  "for another ledger": { ledger: "0".repeat(64) },
  "for its own payee": { payer: "bob" },
  "that ends when it begins": { exp: seconds },
  "that lasts too long": { exp: seconds + requestLifetimeMsMax / 1000 + 1 },
  "from before its certificate": { iat: seconds - 10 * 366 * 86_400 },
  "without an amount": { amount: undefined },
  "of nothing": { amount: 0 },
  "with another member": { note: "x" },
};
for (const [what, changes] of Object.entries(forged)) {
  Deno.test(`request: a request ${what} with a valid signature is refused`, () => {
    const payload: JsonObject = {
      ...{ nonce: "AAECAwQFBgcICQoLDA0ODw", ledger: anchor.fingerprint, payee: "bob", amount: 5 },
      ...{ iat: seconds, exp: seconds + 60, ...changes },
    };
    const text = signDocument("micropay-request", JSON.parse(JSON.stringify(payload)), {
      signingKey: bob.signingKey,
      chain: bob.leaf,
    });
    assert(isDocumentError(assertThrows(() => verifyPaymentRequest(text, { anchor }))));
  });
}

const orders: readonly (readonly [string, Partial<OrderTerms>, Code | undefined])[] = [
  ["with what it asks for", {}, undefined],
  ["with another amount", { amount: 4 as Amount }, 273],
  ["with another memo", { memo: "dinner" }, 273],
  ["without the memo", { memo: undefined }, 273],
  ["with another payee", { payee: named("carol") }, 273],
  ["with another request's id", { id: requestOf().id }, 273],
  ["with an ordinary id", { id: "019ab0a1-2c00-7000-8000-000000000001" }, 273],
  ["as a refund", { refunds: "019ab0a1-2c00-7000-8000-000000000001" }, 273],
  ["without the request", { request: undefined }, 261],
  ["with no request but other text", { request: "a.b.c" }, 273],
  ["with an order as the request", { request: orderText() }, 273],
];
for (const [what, changes, code] of orders) {
  const result = code === undefined ? "is valid" : `is refused with ${code}`;
  Deno.test(`request: an order ${what} ${result}`, () => {
    assertEquals(verdictOf(changes), code);
  });
}

Deno.test("request: only the account that a request names pays it", () => {
  assertEquals(verdictOf({}, { request: requestOf({ payer }) }), undefined);
  assertEquals(verdictOf({}, { request: requestOf({ payer: named("carol") }) }), 273);
});

Deno.test("request: an order is refused with 274 from the second in which its request ends", () => {
  const request = requestOf({ lifetimeMs: 1000 });
  assertEquals(verdictOf({}, { request, afterMs: -1000 }), undefined);
  assertEquals(verdictOf({}, { request, afterMs: 1001 }), 274);
});

function orderText(): string {
  const terms = { id: "019ab0a1-2c00-7000-8000-000000000001", payer, payee, amount: 5 as Amount };
  return signOrder(terms, { identity: alice, anchor, clock: systemClock }).text;
}
