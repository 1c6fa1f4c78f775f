/**
 * Strict base64 (RFC 4648), with exactly one text for each byte string. Misplaced padding, white
 * space, foreign letters, impossible lengths and stray bits in the last character are refused. The
 * runtime's own decoders accept some of these.
 */
import { Buffer } from "node:buffer";

type Bytes = Uint8Array<ArrayBuffer>;

/** The table's value for a character outside the alphabet: a seventh bit. */
const outside = 0x40;

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const urlValues = valuesOf(`${letters}-_`);
const paddedValues = valuesOf(`${letters}+/`);

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
  return decode(text, text.length, urlValues);
}

/**
 * Decodes base64 with padding (section 4), as `x5c` has it (RFC 7515 section 4.1.6).
 *
 * @returns the bytes, or `undefined` when the text is not canonical base64
 */
export function decodeBase64Strict(text: string): Bytes | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return decode(text, text.length - padding, paddedValues);
}

/** Decodes the first `length` characters and checks each, in one pass. */
function decode(text: string, length: number, values: Uint8Array): Bytes | undefined {
  const tail = length % 4;
  if (tail === 1) return undefined;
  const bytes = new Uint8Array(Math.floor(length * 3 / 4));
  let seen = 0;
  const valueAt = (index: number): number => {
    // A code beyond the table gives `undefined`, which counts as outside.
    const value = values[text.charCodeAt(index)] ?? outside;
    seen |= value;
    return value;
  };
  let at = 0;
  let from = 0;
  for (; from + 4 <= length; from += 4) {
    const group = valueAt(from) << 18 | valueAt(from + 1) << 12 | valueAt(from + 2) << 6 |
      valueAt(from + 3);
    bytes[at++] = group >> 16;
    bytes[at++] = group >> 8;
    bytes[at++] = group;
  }
  let stray = 0;
  if (tail >= 2) {
    const group = valueAt(from) << 12 | valueAt(from + 1) << 6 |
      (tail === 3 ? valueAt(from + 2) : 0);
    bytes[at++] = group >> 10;
    if (tail === 3) bytes[at++] = group >> 2;
    stray = tail === 3 ? group & 0x3 : group & 0x3ff;
  }
  return (seen & outside) === 0 && stray === 0 ? bytes : undefined;
}

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(outside);
  for (const [value, character] of [...alphabet].entries()) {
    values[character.charCodeAt(0)] = value;
  }
  return values;
}

function asBuffer(bytes: Uint8Array | ArrayBuffer): Buffer {
  return bytes instanceof ArrayBuffer
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
