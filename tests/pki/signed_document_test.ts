/**
 * Checks signed documents against `jose`, an independent implementation of JWS.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CompactSign, compactVerify, decodeProtectedHeader, type JWTHeaderParameters } from "jose";
import { decodeBase64Strict } from "../../src/base64.ts";
import { EnvelopeError } from "../../src/errors.ts";
import { lineBytesMax } from "../../src/limits.ts";
import { pemToDer } from "../../src/pki/pem.ts";
import { readDocument, signDocument, verifyDocument } from "../../src/pki/signed_document.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import { codePoint } from "../code_point.ts";

const typ = "micropay-order";
const { signingKey, pem } = SigningKey.generate();
const { publicKey } = signingKey;
const key = await crypto.subtle.importKey("pkcs8", pemToDer(pem, "PRIVATE KEY"), "Ed25519", false, [
  "sign",
]);
const verifyingKey = await crypto.subtle.importKey("spki", publicKey.info, "Ed25519", false, [
  "verify",
]);
const chain = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)];
const payload = { id: "x", amount: 5, memo: "für \u{1f600}" };

async function signWithJose(header: object, value: unknown = payload): Promise<string> {
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(value)))
    .setProtectedHeader(header as JWTHeaderParameters)
    .sign(key);
}

Deno.test("jose reads our documents, with and without certificates", async () => {
  for (const given of [undefined, chain, chain]) {
    const jws = signDocument(typ, payload, { signingKey, chain: given });
    const verified = await compactVerify(jws, verifyingKey, { algorithms: ["EdDSA"] });
    assertEquals(JSON.parse(new TextDecoder().decode(verified.payload)), payload);
    const { x5c, ...header } = verified.protectedHeader;
    assertEquals(header, { alg: "EdDSA", typ });
    assertEquals(x5c?.map(decodeBase64Strict), given);
  }
});

Deno.test("jose signs the same text, and we read it", async () => {
  const jws = await signWithJose({ alg: "EdDSA", typ });
  assertEquals(jws, signDocument(typ, payload, { signingKey }));
  const document = readDocument(jws, { typ, chain: "absent" });
  verifyDocument(document, publicKey);
  assertEquals(document.payload, payload);
});

Deno.test("property: jose and this program agree on every document", async () => {
  const value = fc.dictionary(
    fc.string(),
    fc.oneof(fc.string({ unit: codePoint }), fc.maxSafeInteger()),
  );
  await fc.assert(
    fc.asyncProperty(value, fc.boolean(), async (members, hasChain) => {
      const own = hasChain ? chain : undefined;
      const jws = signDocument(typ, members, { signingKey, chain: own });
      await compactVerify(jws, verifyingKey, { algorithms: ["EdDSA"] });
      const document = readDocument(jws, { typ, chain: "either" });
      verifyDocument(document, publicKey);
      assertEquals(document.chain, own);
      assertEquals(jws, await signWithJose(decodeProtectedHeader(jws), members));
    }),
    { numRuns: 100 },
  );
});

Deno.test("a chain's cached header keeps to its document type", () => {
  for (const type of ["micropay-receipt", typ, "micropay-receipt"] as const) {
    const jws = signDocument(type, payload, { signingKey, chain });
    assertEquals(readDocument(jws, { typ: type, chain: "required" }).chain, chain);
  }
});

Deno.test("a document is refused with any character changed, added or removed", () => {
  const jws = signDocument(typ, payload, { signingKey, chain });
  const isGood = (text: string) => {
    const document = readDocument(text, { typ, chain: "required" });
    verifyDocument(document, publicKey);
  };
  isGood(jws);
  for (let at = 0; at < jws.length; at++) {
    for (const character of ["A", "B", ".", "=", " ", ""]) {
      const changed = jws.slice(0, at) + character + jws.slice(at + 1);
      if (changed !== jws) assertThrows(() => isGood(changed), EnvelopeError);
    }
    assertThrows(() => isGood(`${jws.slice(0, at)}A${jws.slice(at)}`), EnvelopeError);
  }
});

Deno.test("a document may be as long as a line and no longer", () => {
  const emptyLength = signDocument(typ, { memo: "" }, { signingKey }).length;
  // Base64 turns three bytes into four characters.
  const memo = "x".repeat(Math.floor((lineBytesMax - emptyLength) / 4 * 3));
  const jws = signDocument(typ, { memo }, { signingKey });
  assert(jws.length <= lineBytesMax && jws.length > lineBytesMax - 4);
  assertEquals(readDocument(jws, { typ, chain: "absent" }).payload, { memo });
  const longer = signDocument(typ, { memo: `${memo}xxxxxx` }, { signingKey });
  assertThrows(() => readDocument(longer, { typ, chain: "absent" }), EnvelopeError, "compact JWS");
});
