/**
 * Makes JWS and JWE by hand, above all wrong ones: every part can be given as it is, and whatever is not given is right, so that a
 * test is refused for exactly the one thing that it is about.
 */
import { encodeBase64Url } from "../../src/base64.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Text as it is, or a value as JSON. */
export type Part = string | object;

export function base64UrlOf(part: Part | Bytes): string {
  if (part instanceof Uint8Array) return encodeBase64Url(part);
  const text = typeof part === "string" ? part : JSON.stringify(part);
  return encodeBase64Url(new TextEncoder().encode(text));
}

/** A compact JWS. */
export function forgeJws(
  { header, payload, key, signature }: {
    header: Part;
    payload: Part | Bytes;
    /** Ed25519. */
    key: SigningKey;
    /** Instead of the key's own. */
    signature?: string | undefined;
  },
): string {
  const input = `${base64UrlOf(header)}.${base64UrlOf(payload)}`;
  if (signature !== undefined) return `${input}.${signature}`;
  return `${input}.${encodeBase64Url(key.sign(new TextEncoder().encode(input)))}`;
}

/** A compact JWE, RSA-OAEP-256 and A256GCM whatever its header says. */
export async function forgeJwe(
  { header, plaintext, recipient }: {
    header: Part;
    plaintext: string | Bytes;
    /** The announced JWK. */
    recipient: JsonWebKey;
  },
): Promise<string> {
  const head = base64UrlOf(header);
  const key = crypto.getRandomValues(new Uint8Array(32));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const rsa = await crypto.subtle.importKey(
    "jwk",
    { kty: "RSA", n: recipient.n!, e: recipient.e! },
    { name: "RSA-OAEP", hash: "SHA-256" },
    false,
    ["encrypt"],
  );
  const wrapped = await crypto.subtle.encrypt("RSA-OAEP", rsa, key);
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const bytes = typeof plaintext === "string" ? new TextEncoder().encode(plaintext) : plaintext;
  const additionalData = new TextEncoder().encode(head);
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, aes, bytes),
  );
  const parts = [wrapped, iv, sealed.slice(0, -16), sealed.slice(-16)];
  return [head, ...parts.map((part) => encodeBase64Url(part))].join(".");
}

/** The text with the character at `index` (from the end when negative) replaced by another of base64url. */
export function changed(text: string, index: number): string {
  const at = index < 0 ? text.length + index : index;
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}

/** The same bytes with another spelling of the last character, whose lowest bits say nothing. */
export function withStrayBits(base64url: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return base64url.slice(0, -1) + alphabet[alphabet.indexOf(base64url.at(-1)!) ^ 1];
}

/** One part of a compact serialization changed by `change`. */
export function withPart(compact: string, index: number, change: (part: string) => string): string {
  return compact.split(".").map((part, at) => at === index ? change(part) : part).join(".");
}
