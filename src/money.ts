/** Amounts of money: whole units from 1 to 2^53-1, never floating point. */

declare const amountBrand: unique symbol;

/** A valid amount: an integer from {@link amountMin} to {@link amountMax}. */
export type Amount = number & { readonly [amountBrand]: true };

export const amountMin = 1;
/**
 * Largest amount: the largest integer that JSON, JavaScript and SQLite all represent exactly. Past
 * it: it is not an amount.
 */
export const amountMax = Number.MAX_SAFE_INTEGER;

/** Returns whether a decoded value is an amount. `-0`, `1.5` and `"1"` are not. */
export function isAmount(value: unknown): value is Amount {
  return Number.isSafeInteger(value) && (value as number) >= amountMin;
}

/**
 * Reads an amount that a person typed: decimal digits without sign, point or leading zero.
 *
 * @returns the amount, or `undefined` for any other text
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseAmount("12"), 12);
 * assertEquals(parseAmount("1.50"), undefined);
 * ```
 */
export function parseAmount(text: string): Amount | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined;
  const value = Number(text);
  return isAmount(value) ? value : undefined;
}

/** The rule that every refusal of an amount cites. */
export const amountRule = `an amount is a whole number from ${amountMin} to ${amountMax}`;

/** Returns the rule for an amount that a person typed, with a note when it has cents. */
export function amountRuleFor(text: string): string {
  const hasCents = /^[0-9]*[.,][0-9]+$/.test(text);
  return hasCents ? `${amountRule}; there are no cents, so agree on a small unit` : amountRule;
}
