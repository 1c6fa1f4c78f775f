/**
 * Strict base64url without padding (RFC 4648 section 5): one byte string has exactly one spelling.
 */
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";

export { encodeBase64Url };

/**
 * Decodes base64url. Padding, white space, other alphabets, impossible lengths and stray bits in the last character are
 * refused: with any of them the same bytes could be spelled in many ways.
 *
 * @returns the bytes, or `undefined` when the text is not the one spelling of any
 */
export function decodeBase64UrlStrict(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = decodeBase64Url(text);
  return encodeBase64Url(bytes) === text ? bytes : undefined;
}
