/**
 * Names of accounts: 1 to 32 characters of `a-z 0-9 . _ -`, the first a letter or a digit, told apart without case.
 */

declare const accountNameBrand: unique symbol;

/** A checked name in its one stored form, lower case. */
export type AccountName = string & { readonly [accountNameBrand]: true };

/** Characters of an account's name. Past it: it is no name. */
export const accountNameCharactersMax = 32;

/** What every refusal of a name says. */
export const accountNameRule =
  `a name is 1 to ${accountNameCharactersMax} of a-z 0-9 . _ - and starts with a letter or a digit`;

// The class is ASCII on purpose: no letter of another script can be mistaken for one of these.
const pattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** Whether a decoded value is a name in its stored form. On the wire only this form is accepted. */
export function isAccountName(value: unknown): value is AccountName {
  return typeof value === "string" && pattern.test(value);
}

/**
 * Reads a name as a person types it: `Alice` and `alice` are one account.
 *
 * ASCII letters only are folded: `toLowerCase` would turn the Kelvin sign into `k`.
 *
 * @returns the stored form, or `undefined` when it is no name
 */
export function parseAccountName(text: string): AccountName | undefined {
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return isAccountName(folded) ? folded : undefined;
}
