/**
 * Checks our JWE against jose, an independent implementation.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { compactDecrypt, CompactEncrypt } from "jose";
import fc from "fast-check";
import { decodeBase64UrlStrict, encodeBase64Url } from "../../src/base64.ts";
import {
  decryptJwe,
  encryptJwe,
  jweBytes,
  messageHeader,
  readJwe,
} from "../../src/envelope/jwe.ts";
import { generateSessionKey, importRecipientKey } from "../../src/envelope/session_key.ts";
import { EnvelopeError } from "../../src/errors.ts";
import { sessionKeys } from "./vector_session_keys.ts";

const own = sessionKeys.server;
/** Another, of another size. */
const other = await generateSessionKey(3072);
const recipient = await importRecipientKey(own.jwk);

const ascii = fc.stringMatching(/^[\x21-\x7e]{1,3000}$/);

Deno.test("jose decrypts our JWE, and its length was predicted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(own, other), ascii, async (key, text) => {
      const to = await importRecipientKey(key.jwk);
      const line = await encryptJwe(text, to);
      assertEquals(line.length, jweBytes(text.length, to));
      const { plaintext, protectedHeader } = await compactDecrypt(line, key.privateKey);
      assertEquals(new TextDecoder().decode(plaintext), text);
      assertEquals<unknown>({ ...protectedHeader }, messageHeader(key.kid));
    }),
    { numRuns: 30 },
  );
});

Deno.test("we decrypt a JWE by jose", async () => {
  await fc.assert(
    fc.asyncProperty(ascii, async (text) => {
      const line = await new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader(messageHeader(own.kid)).encrypt(recipient.publicKey);
      assertEquals(await decryptJwe(readJwe(line, own), own), text);
    }),
    { numRuns: 30 },
  );
});

Deno.test("two lines of one text share no key, IV or ciphertext", async () => {
  const [one, other] = await Promise.all([
    encryptJwe("text", recipient),
    encryptJwe("text", recipient),
  ]);
  const [a, b] = [one.split("."), other.split(".")];
  assertEquals(a[0], b[0]);
  for (const part of [1, 2, 3, 4]) assertEquals(a[part] === b[part], false);
});

Deno.test("a change of any bit in any part is refused", async () => {
  const parts = (await encryptJwe("a text that nobody changes", recipient)).split(".");
  for (const [index, part] of parts.entries()) {
    const bytes = decodeBase64UrlStrict(part)!;
    for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      const line = parts.with(index, encodeBase64Url(changed)).join(".");
      await assertRejects(async () => await decryptJwe(readJwe(line, own), own), EnvelopeError);
    }
  }
});

Deno.test("a content key of another length is refused", async () => {
  const parts = (await encryptJwe("text", recipient)).split(".");
  for (const length of [0, 16, 31, 33]) {
    const key = await crypto.subtle.encrypt(
      "RSA-OAEP",
      recipient.publicKey,
      new Uint8Array(length),
    );
    const line = parts.with(1, encodeBase64Url(key)).join(".");
    await assertRejects(() => decryptJwe(readJwe(line, own), own), EnvelopeError);
  }
});

Deno.test("a line to another key is refused before decryption", async () => {
  const line = await encryptJwe("text", await importRecipientKey(other.jwk));
  assertThrows(() => readJwe(line, own), EnvelopeError, "size");
});
