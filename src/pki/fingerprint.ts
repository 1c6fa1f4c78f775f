/**
 * The SHA-256 fingerprint of a certificate, as people read it to each other.
 */

/**
 * Reads a fingerprint as a person pastes it: hex in either case, or pairs with colons as `openssl` prints them. Colons anywhere else are a
 * damaged copy.
 *
 * @returns 64 lower-case hex digits, or `undefined` for anything else
 */
export function parseFingerprint(text: string): string | undefined {
  const isOne = /^[0-9A-Fa-f]{64}$/.test(text) ||
    /^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/.test(text);
  return isOne ? text.replaceAll(":", "").toLowerCase() : undefined;
}
