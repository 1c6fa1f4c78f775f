/**
 * Account names: 1 to 32 characters of `a-z 0-9 . _ -`, the first a letter or a digit. Case does
 * not matter.
 */

declare const accountNameBrand: unique symbol;

/** A valid name in its stored form, lower case. */
export type AccountName = string & { readonly [accountNameBrand]: true };

/** Longest account name in characters. Past it: it is not a name. */
export const accountNameCharactersMax = 32;

/** The rule that every refusal of a name cites. */
export const accountNameRule =
  `a name is 1 to ${accountNameCharactersMax} of a-z 0-9 . _ - and starts with a letter or a digit`;

// ASCII only, so that no letter of another script can imitate one of these.
const pattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** Returns whether a decoded value is a name in its stored form, the only form on the wire. */
export function isAccountName(value: unknown): value is AccountName {
  return typeof value === "string" && pattern.test(value);
}

/**
 * Reads a name that a person typed. `Alice` and `alice` are one account. Only ASCII letters are
 * folded, because `toLowerCase` would turn the Kelvin sign into `k`.
 *
 * @returns the stored form, or `undefined` when the text is not a name
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseAccountName("Alice"), "alice");
 * assertEquals(parseAccountName("alice smith"), undefined);
 * ```
 */
export function parseAccountName(text: string): AccountName | undefined {
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return isAccountName(folded) ? folded : undefined;
}
