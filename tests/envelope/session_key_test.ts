/**
 * Session keys: the private half cannot be exported, and the public half has exactly one form.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";

import { calculateJwkThumbprint } from "jose";
import { generateSessionKey, importRecipientKey } from "../../src/envelope/session_key.ts";
import { EnvelopeError } from "../../src/errors.ts";
import { badSessionKeys } from "./hostile_parties.ts";
import { sessionKeys } from "./vector_session_keys.ts";

for (const bits of [2048, 3072] as const) {
  Deno.test(`a key of ${bits} bits opens a message to its announced half, and its private half cannot be exported`, async () => {
    const { privateKey, jwk, kid, bits: made } = await generateSessionKey(bits);
    assertEquals(made, bits);
    assertEquals(Object.keys(jwk), ["kty", "alg", "use", "n", "e"]);
    const recipient = await importRecipientKey(JSON.parse(JSON.stringify(jwk)));
    assertEquals(recipient.kid, kid);
    assertEquals(await calculateJwkThumbprint(jwk, "sha256"), kid, "jose says the same");
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const sealed = await crypto.subtle.encrypt("RSA-OAEP", recipient.publicKey, secret);
    assertEquals(sealed.byteLength * 8, bits);
    const opened = await crypto.subtle.decrypt("RSA-OAEP", privateKey, sealed);
    assertEquals(new Uint8Array(opened), secret);
    assert(!privateKey.extractable);
    await assertRejects(() => crypto.subtle.exportKey("pkcs8", privateKey));
    await assertRejects(() => crypto.subtle.exportKey("jwk", privateKey));
  });
}

Deno.test("the order of an announced key's members does not matter", async () => {
  const { jwk, kid } = sessionKeys.server;
  const reversed = Object.fromEntries(Object.entries(jwk).toReversed());
  assertEquals((await importRecipientKey(reversed)).kid, kid);
});

for (const { what, enc, reason } of badSessionKeys(sessionKeys.server.jwk)) {
  Deno.test(`${what} is refused`, async () => {
    const error = await assertRejects(() => importRecipientKey(enc), EnvelopeError);
    assertStringIncludes(error.message, reason);
  });
}
