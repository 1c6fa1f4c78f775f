/**
 * Strict base64: one byte string has exactly one spelling. Padding, white space, letters of another alphabet, impossible
 * lengths and stray bits in the last character are refused: with any of them the same bytes could be spelled in many ways.
 */
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";

export { encodeBase64, encodeBase64Url };

/**
 * Decodes base64url without padding (RFC 4648 section 5).
 *
 * @returns the bytes, or `undefined` when the text is not the one spelling of any
 */
export function decodeBase64UrlStrict(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = decodeBase64Url(text);
  return encodeBase64Url(bytes) === text ? bytes : undefined;
}

/**
 * Decodes base64 with padding (RFC 4648 section 4), the spelling of certificates in `x5c` (RFC 7515 section 4.1.6).
 *
 * @returns the bytes, or `undefined` when the text is not the one spelling of any
 */
export function decodeBase64Strict(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const bytes = decodeBase64(text);
  return encodeBase64(bytes) === text ? bytes : undefined;
}
