/**
 * Orders: exactly what the payer signed, by the payer alone, for one ledger.
 */
import { orderDigest } from "../../src/ledger/entry.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { EnvelopeError, messageOf, MicropayError, ProtocolError } from "../../src/errors.ts";
import { orderBytesMax, orderLifetimeMs } from "../../src/limits.ts";
import { readDocument, signDocument } from "../../src/pki/signed_document.ts";
import { readTrustAnchor } from "../../src/pki/trust_anchor.ts";
import {
  bookingOf,
  type OrderTerms,
  orderText,
  type SignedOrder,
  signOrder,
  unpackOrder,
  verifyOrder,
} from "../../src/protocol/order.ts";
import { packDocument, packedSigner } from "../../src/protocol/packed_document.ts";
import type { JsonObject } from "../../src/strict_json.ts";
import { forgeJws } from "../envelope/forger.ts";
import { x5c } from "../envelope/hostile_message.ts";
import { aliceKeys, otherCa } from "../envelope/hostile_parties.ts";
import { alice, anchor, atMs, bob, server } from "../envelope/vector_parties.ts";
import { codePoint } from "../code_point.ts";

const trust = { anchor };
const terms = {
  id: "019ab0a1-2c00-7000-8000-000000000001",
  payer: "alice",
  payee: "bob",
  amount: 2000,
  memo: "lunch",
} as unknown as OrderTerms;
const clock = { nowMs: () => atMs + 999 };
const order = signOrder(terms, { identity: alice, anchor, clock }).text;
const { payload } = readDocument(order, { typ: "micropay-order", chain: "required" });

Deno.test("a signed order verifies with its terms", () => {
  const verified = verifyOrder(order, trust);
  const iat = atMs / 1000;
  const expected = { ...terms, ledger: anchor.fingerprint, iat, exp: iat + orderLifetimeMs / 1000 };
  assertEquals(Object.entries(verified.payload).toSorted(), Object.entries(expected).toSorted());
  assertEquals(verified.signer.fingerprint, alice.certificate.fingerprint);
  assertEquals([verified.text, verified.digest], [order, orderDigest(order)]);
  assertEquals(verified, signOrder(terms, { identity: alice, anchor, clock }));
});

Deno.test("signing the same order again gives the same text", () => {
  assertEquals(signOrder(terms, { identity: alice, anchor, clock }).text, order);
});

Deno.test("an order without a memo has no memo", () => {
  const { memo: _, ...rest } = terms;
  const jws = signOrder(rest, { identity: alice, anchor, clock }).text;
  assert(!Object.hasOwn(verifyOrder(jws, trust).payload, "memo"));
});

Deno.test("a refund names its payment", () => {
  const refunds = "019ab0a1-2c00-7000-8000-000000000002";
  const jws = signOrder({ ...terms, refunds }, { identity: alice, anchor, clock }).text;
  assertEquals(verifyOrder(jws, trust).payload.refunds, refunds);
});

Deno.test("property: an order with any character changed is refused", () => {
  const alphabet = "ABCabc019-_.=+/ \n";
  const at = fc.nat(order.length - 1);
  fc.assert(
    fc.property(at, fc.constantFrom(...alphabet), (index, character) => {
      fc.pre(order[index] !== character);
      const changed = order.slice(0, index) + character + order.slice(index + 1);
      refusal(changed);
    }),
    { numRuns: 300 },
  );
});

Deno.test("every character of the payload counts", () => {
  const [header, body, signature] = order.split(".");
  for (let index = 0; index < body!.length; index++) {
    const other = body![index] === "A" ? "B" : "A";
    refusal(
      `${header}.${body!.slice(0, index)}${other}${body!.slice(index + 1)}.${signature}`,
    );
  }
});

Deno.test("property: an order cut short or lengthened is refused", () => {
  fc.assert(
    fc.property(fc.nat(order.length - 1), (length) => {
      refusal(order.slice(0, length));
      refusal(order + order.slice(0, length + 1));
    }),
    { numRuns: 50 },
  );
});

const issued = { payer: "@issuer", memo: undefined };
const wrongPayloads: readonly {
  readonly what: string;
  readonly change: JsonObject;
  readonly reason: string;
}[] = [
  {
    what: "of another ledger",
    change: { ledger: "0".repeat(64) },
    reason: "it is for the ledger 000",
  },
  {
    what: "from another account",
    change: { payer: "bob", payee: "alice" },
    reason: "signed by another account",
  },
  {
    what: "from the issuing account, signed by a member",
    change: issued,
    reason: "certificate of a server",
  },
  {
    what: "to the issuing account, signed by a member",
    change: { payee: "@issuer" },
    reason: "certificate of a server",
  },
  { what: "without an id", change: { id: undefined }, reason: "id: " },
  { what: "without a ledger", change: { ledger: undefined }, reason: "ledger: " },
  { what: "without a payer", change: { payer: undefined }, reason: "payer: " },
  { what: "without a payee", change: { payee: undefined }, reason: "payee: " },
  { what: "without an amount", change: { amount: undefined }, reason: "amount: " },
  {
    what: "with an amount of 0",
    change: { amount: 0 },
    reason: "amount: an amount is a whole number",
  },
  { what: "with an amount of -1", change: { amount: -1 }, reason: "amount: " },
  { what: "with an amount of 1.5", change: { amount: 1.5 }, reason: "not a JSON object" },
  { what: "with an amount of 2^53", change: { amount: 2 ** 53 }, reason: "amount: " },
  { what: "with an amount that is text", change: { amount: "2000" }, reason: "amount: " },
  { what: "to a name in capitals", change: { payee: "Bob" }, reason: "payee: " },
  { what: "with an empty memo", change: { memo: "" }, reason: "memo: " },
  { what: "with a memo of two lines", change: { memo: "a\nb" }, reason: "memo: " },
  { what: "with a memo of null", change: { memo: null }, reason: "memo: " },
  { what: "that refunds an invalid id", change: { refunds: "lunch" }, reason: "refunds: " },
  { what: "without iat", change: { iat: undefined }, reason: "iat: " },
  { what: "without exp", change: { exp: undefined }, reason: "exp: " },
  {
    what: "with a fraction of a second",
    change: { iat: atMs / 1000 + 0.5 },
    reason: "not a JSON object",
  },
  { what: "made before 1970", change: { iat: -1 }, reason: "iat: " },
  { what: "with an extra member", change: { extra: 1 }, reason: "extra: " },
];

for (const { what, change, reason } of wrongPayloads) {
  Deno.test(`an order ${what} with a valid signature is refused`, () => {
    const identity = { signingKey: alice.signingKey, chain: alice.chain };
    const jws = signDocument("micropay-order", { ...payload, ...change }, identity);
    assertStringIncludes((refusal(jws)).message, reason);
  });
}

const wrongSigners = [
  {
    what: "with another account's certificate and signature",
    chain: bob.chain,
    key: bob.signingKey,
    reason: "signed by another account",
  },
  {
    what: "with another account's certificate",
    chain: bob.chain,
    key: alice.signingKey,
    reason: "signed by another account",
  },
  {
    what: "with another account's signature",
    chain: alice.chain,
    key: bob.signingKey,
    reason: "verify a signature",
  },
  {
    what: "with the server's certificate and signature",
    chain: server.chain.slice(0, 1),
    key: server.signingKey,
    reason: "certificate of a member",
  },
  {
    what: "with a certificate of another CA",
    chain: [otherCa.alice],
    key: alice.signingKey,
    reason: "it was issued by micropay CA",
  },
  {
    what: "without a certificate",
    chain: undefined,
    key: alice.signingKey,
    reason: "x5c is missing",
  },
];

for (const { what, chain, key, reason } of wrongSigners) {
  Deno.test(`an order ${what} is refused`, () => {
    const jws = signDocument("micropay-order", payload, { signingKey: key, chain });
    assertStringIncludes((refusal(jws)).message, reason);
  });
}

for (const typ of ["micropay-message", "micropay-receipt", "micropay-greeting"] as const) {
  Deno.test(`an order signed as a ${typ} is refused`, () => {
    const { signingKey, chain } = alice;
    assertThrows(
      () => verifyOrder(signDocument(typ, payload, { signingKey, chain }), trust),
      EnvelopeError,
      "the header is not the expected one",
    );
  });
}

Deno.test("an order of another ledger is refused there", () => {
  const other = readTrustAnchor(otherCa.der, { atMs });
  assertThrows(() => verifyOrder(order, { anchor: other }), MicropayError);
});

Deno.test("an order made before or after its certificate's validity is refused", () => {
  const { notBeforeMs, notAfterMs } = alice.certificate;
  const rows = [
    [notBeforeMs - 1000, "valid only from"],
    [notAfterMs + 1000, "expired on"],
  ] as const;
  for (const [madeMs, reason] of rows) {
    const made = { nowMs: () => madeMs };
    const jws = signOrder(terms, { identity: alice, anchor, clock: made }).text;
    assertStringIncludes((refusal(jws)).message, reason);
  }
  for (const madeMs of [notBeforeMs, notAfterMs]) {
    const made = { nowMs: () => madeMs };
    verifyOrder(signOrder(terms, { identity: alice, anchor, clock: made }).text, trust);
  }
});

for (const count of [0, 2, 3]) {
  Deno.test(`an order with ${count} certificates is refused`, () => {
    const chain = [...alice.chain, ...alice.chain, anchor.der].slice(0, count);
    const jws = signDocument("micropay-order", payload, { ...alice, chain });
    assertStringIncludes((refusal(jws)).message, "read a micropay-order: x5c is ");
  });
}

const header = { alg: "EdDSA", typ: "micropay-order", x5c: x5c(...alice.chain) };
const { memo, ...plain } = payload;

/** Each says what the order says, in another text. */
const otherTexts: readonly {
  readonly what: string;
  readonly header?: string | object;
  readonly payload?: string;
}[] = [
  { what: "a blank in its payload", payload: JSON.stringify(payload).replace(":", ": ") },
  { what: "a line feed after its payload", payload: `${JSON.stringify(payload)}\n` },
  { what: "10 KB of white space", payload: JSON.stringify(payload) + " ".repeat(8000) },
  { what: "its members in another order", payload: JSON.stringify({ ...plain, memo }) },
  {
    what: "an escape that is not necessary",
    payload: JSON.stringify(payload).replace("lunch", "l\\u0075nch"),
  },
  {
    what: "an escape in the name of a member",
    payload: JSON.stringify(payload).replace("memo", "mem\\u006f"),
  },
  {
    what: "an escaped solidus",
    payload: JSON.stringify({ ...payload, memo: "1/2" }).replace("1/2", "1\\/2"),
  },
  {
    what: "an emoji as two escapes",
    payload: JSON.stringify({ ...payload, memo: "X" }).replace("X", "\\ud83e\\uddc0"),
  },
  { what: "a blank in its header", header: JSON.stringify(header).replace(":", ": ") },
  {
    what: "the members of its header in another order",
    header: { typ: header.typ, alg: header.alg, x5c: header.x5c },
  },
  {
    what: "an escape in its header",
    header: JSON.stringify(header).replace("micropay", "micr\\u006fpay"),
  },
  {
    what: "an escape in its certificate",
    header: JSON.stringify(header).replace('["', '["\\u004d').replace("u004dM", "u004d"),
  },
];

for (const { what, ...parts } of otherTexts) {
  Deno.test(`an order with ${what} and a valid signature is refused`, () => {
    const text = forgeJws({
      header: parts.header ?? header,
      payload: parts.payload ?? payload,
      key: aliceKeys,
    });
    assertStringIncludes(refusal(text).message, "is not written as it must be");
  });
}

/** Each cannot be read in one way only. */
const ambiguousTexts: readonly (readonly [what: string, payload: string])[] = [
  ["a member twice", JSON.stringify(payload).replace("{", '{"amount":2000,')],
  ["an amount of 2000.0", JSON.stringify(payload).replace("2000", "2000.0")],
  ["an amount of 2e3", JSON.stringify(payload).replace("2000", "2e3")],
  ["an amount of 02000", JSON.stringify(payload).replace("2000", "02000")],
];

for (const [what, text] of ambiguousTexts) {
  Deno.test(`an order with ${what} and a valid signature is refused`, () => {
    const jws = forgeJws({ header, payload: text, key: aliceKeys });
    assertStringIncludes(refusal(jws).message, "not a JSON object");
  });
}

Deno.test("an order with half an emoji in its memo and a valid signature is refused", () => {
  const jws = forgeJws({ header, payload: { ...payload, memo: "\ud83e" }, key: aliceKeys });
  assertStringIncludes(refusal(jws).message, "memo: ");
});

Deno.test("the same order, made by hand, is accepted", () => {
  assertEquals(forgeJws({ header, payload, key: aliceKeys }), order);
});

Deno.test("an order is rebuilt from its booking, byte for byte", () => {
  const refunds = "019ab0a1-2c00-7000-8000-000000000002";
  for (const memo of ["lunch", undefined, '\\ " / é 𝄞', "🧀".repeat(256)]) {
    for (const changes of [{}, { refunds }]) {
      const signed = signOrder({ ...terms, memo, ...changes }, { identity: alice, anchor, clock });
      const booking = bookingOf(signed, { kind: "payment", atMs });
      assertEquals(orderText(booking, { ledgerId: anchor.fingerprint }), signed.text);
    }
  }
});

Deno.test("a packed order is unpacked byte for byte with its certificate, and is no order without it", () => {
  const verified = verifyOrder(order, trust);
  const packed = packDocument(verified);
  assert(packed.length < order.length - 600);
  assertEquals(packedSigner(packed), alice.certificate.fingerprint);
  assertEquals(unpackOrder(packed, alice.certificate), order);
  assertEquals(verifyOrder(unpackOrder(packed, alice.certificate), trust), verified);
  assertEquals(unpackOrder(packed, bob.certificate), packed);
  assert(refusal(packed) instanceof EnvelopeError);
  const wrong = { fingerprint: alice.certificate.fingerprint, der: bob.certificate.der };
  refusal(unpackOrder(packed, wrong));
  for (const text of [order, "", "x", ".", packed.replaceAll(".", ""), `A${packed}`]) {
    assertEquals(packedSigner(text), undefined);
    assertEquals(unpackOrder(text, alice.certificate), text);
  }
});

/** How an attacker writes one character of an order's payload. */
const spellings: Readonly<Record<string, (character: string) => string>> = {
  "as an escape": (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  "after a blank": (character) => ` ${character}`,
  "with a 0 after it": (character) => `${character}0`,
  "in upper case": (character) => character.toUpperCase(),
  "after a byte order mark": (character) => `\ufeff${character}`,
  "twice": (character) => character + character,
  "not at all": () => "",
};

Deno.test("property: every signed order that is accepted is rebuilt byte for byte", () => {
  const members = fc.record({
    memo: fc.oneof(
      fc.constant(undefined),
      fc.string({ unit: codePoint, minLength: 1, maxLength: 9 }),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 256 }),
    ),
    refunds: fc.constantFrom(undefined, "019ab0a1-2c00-7000-8000-000000000002"),
    amount: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) },
      { weight: 1, arbitrary: fc.double() },
    ),
    exp: fc.maxSafeNat(),
  });
  const spelling = fc.constantFrom(undefined, undefined, undefined, ...Object.values(spellings));
  let accepted = 0;
  fc.assert(
    fc.property(members, fc.nat(), spelling, (changes, place, spell) => {
      const all = { ...payload, ...changes };
      const { id, ledger, payer, payee, amount, memo, refunds, iat, exp } = all as JsonObject;
      const said = { id, ledger, payer, payee, amount, memo, refunds, iat, exp };
      const characters = [...JSON.stringify(said)];
      const at = place % characters.length;
      if (spell) characters[at] = spell(characters[at]!);
      const text = forgeJws({ header, payload: characters.join(""), key: aliceKeys });
      let read: SignedOrder;
      try {
        read = verifyOrder(text, trust);
      } catch (error) {
        assert(error instanceof MicropayError, messageOf(error));
        return;
      }
      accepted++;
      const booking = bookingOf(read, { kind: "payment", atMs });
      assertEquals(orderText(booking, { ledgerId: anchor.fingerprint }), text);
    }),
    { numRuns: 500 },
  );
  assert(accepted > 10, `${accepted} accepted`);
});

Deno.test("an order longer than any is refused unread", () => {
  const padded = JSON.stringify(payload) + " ".repeat(orderBytesMax);
  const jws = forgeJws({ header, payload: padded, key: aliceKeys });
  assertStringIncludes(refusal(jws).message, "it is too long");
});

Deno.test("an order with the longest memo and certificate fits", () => {
  const jws = signOrder({ ...terms, memo: "🧀".repeat(256), refunds: terms.id }, {
    identity: alice,
    anchor,
    clock,
  }).text;
  assert(jws.length < orderBytesMax / 3);
  verifyOrder(jws, trust);
});

Deno.test("the server signs an order when a side is the issuing account", () => {
  for (const sides of [{ payer: "@issuer", payee: "bob" }, { payer: "bob", payee: "@issuer" }]) {
    const issuing = { ...terms, ...sides } as OrderTerms;
    const jws = signOrder(issuing, { identity: server, anchor, clock }).text;
    assertEquals(verifyOrder(jws, trust).payload.payee as string, sides.payee);
  }
});

function refusal(jws: string): MicropayError {
  try {
    verifyOrder(jws, trust);
  } catch (error) {
    assert(error instanceof MicropayError, messageOf(error));
    assert(error.code !== "protocol" || error instanceof ProtocolError);
    return error;
  }
  throw new Error(`accepted: ${jws}`);
}
