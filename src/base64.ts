/**
 * Strict base64 (RFC 4648), with exactly one text for each byte string. Misplaced padding, white
 * space, foreign letters, impossible lengths and stray bits in the last character are refused. The
 * runtime's own decoders accept some of these.
 */
import { Buffer } from "node:buffer";

type Bytes = Uint8Array<ArrayBuffer>;

/** Returns the bytes in base64url without padding (section 5). */
export function encodeBase64Url(bytes: Uint8Array | ArrayBuffer): string {
  return asBuffer(bytes).toString("base64url");
}

/** Returns the bytes in base64 with padding (section 4). */
export function encodeBase64(bytes: Uint8Array | ArrayBuffer): string {
  return asBuffer(bytes).toString("base64");
}

/**
 * Decodes base64url without padding (section 5).
 *
 * @returns the bytes, or `undefined` when the text is not canonical base64url
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeBase64UrlStrict("AQ"), Uint8Array.of(1));
 * assertEquals(decodeBase64UrlStrict("AR"), undefined); // stray bits
 * ```
 */
export function decodeBase64UrlStrict(text: string): Bytes | undefined {
  return decode(text, "base64url");
}

/**
 * Decodes base64 with padding (section 4), as `x5c` has it (RFC 7515 section 4.1.6).
 *
 * @returns the bytes, or `undefined` when the text is not canonical base64
 */
export function decodeBase64Strict(text: string): Bytes | undefined {
  return decode(text, "base64");
}

/** The runtime reads many texts as the same bytes, and writes one of them. */
function decode(text: string, encoding: "base64" | "base64url"): Bytes | undefined {
  try {
    const bytes = Buffer.from(text, encoding);
    return bytes.toString(encoding) === text ? new Uint8Array(bytes) : undefined;
  } catch {
    // The oldest Deno throws where others skip a character.
    return undefined;
  }
}

function asBuffer(bytes: Uint8Array | ArrayBuffer): Buffer {
  return bytes instanceof ArrayBuffer
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
