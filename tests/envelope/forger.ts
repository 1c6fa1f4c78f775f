/**
 * Makes JWS and JWE by hand, most of them invalid. A test gives the parts to change and the rest is
 * valid, so that each line is refused for exactly one reason.
 */
import { encodeBase64Url } from "../../src/base64.ts";
import type { SigningKey } from "../../src/pki/signing_key.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Text as given, or a value as JSON. */
export type Part = string | object;

export function base64UrlOf(part: Part | Bytes): string {
  if (part instanceof Uint8Array) return encodeBase64Url(part);
  const text = typeof part === "string" ? part : JSON.stringify(part);
  return encodeBase64Url(new TextEncoder().encode(text));
}

/** Returns a compact JWS. */
export function forgeJws(
  { header, payload, key, signature }: {
    header: Part;
    payload: Part | Bytes;
    /** The Ed25519 key that signs. */
    key: SigningKey;
    /** Replaces the key's signature. */
    signature?: string | undefined;
  },
): string {
  const input = `${base64UrlOf(header)}.${base64UrlOf(payload)}`;
  if (signature !== undefined) return `${input}.${signature}`;
  return `${input}.${encodeBase64Url(key.sign(new TextEncoder().encode(input)))}`;
}

/** Returns a compact JWE with RSA-OAEP-256 and A256GCM, whatever its header says. */
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

/**
 * Returns the text with another base64url character at `index`, which counts from the end when
 * negative.
 */
export function changed(text: string, index: number): string {
  const at = index < 0 ? text.length + index : index;
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}

/** Returns the text with other unused bits in its last character. The bytes stay the same. */
export function withStrayBits(base64url: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return base64url.slice(0, -1) + alphabet[alphabet.indexOf(base64url.at(-1)!) ^ 1];
}

/** Returns a compact serialization with one part changed by `change`. */
export function withPart(compact: string, index: number, change: (part: string) => string): string {
  return compact.split(".").map((part, at) => at === index ? change(part) : part).join(".");
}
