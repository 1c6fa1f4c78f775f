/** The SHA-256 fingerprint of a certificate, in the forms that people copy. */

/**
 * Reads a fingerprint: 64 hex digits in either case, or pairs with colons as `openssl` prints them.
 * Colons in other places mean a damaged copy.
 *
 * @returns 64 lower-case hex digits, or `undefined` for any other text
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseFingerprint("AB:".repeat(31) + "AB"), "ab".repeat(32));
 * assertEquals(parseFingerprint("ab:cd"), undefined);
 * ```
 */
export function parseFingerprint(text: string): string | undefined {
  const isOne = /^[0-9A-Fa-f]{64}$/.test(text) ||
    /^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/.test(text);
  return isOne ? text.replaceAll(":", "").toLowerCase() : undefined;
}
