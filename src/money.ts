/**
 * Amounts of money: whole units, 1 up to 2^53-1, never floating point.
 */

declare const amountBrand: unique symbol;

/** A checked amount: an integer from {@link amountMin} to {@link amountMax}. */
export type Amount = number & { readonly [amountBrand]: true };

export const amountMin = 1;
/**
 * The largest amount: the largest integer that a JSON number, a JavaScript number and an SQLite INTEGER all hold
 * exactly. Past it: it is no amount.
 */
export const amountMax = Number.MAX_SAFE_INTEGER;

/** Whether a decoded value is an amount. `-0`, `1.5` and `"1"` are not. */
export function isAmount(value: unknown): value is Amount {
  return Number.isSafeInteger(value) && (value as number) >= amountMin;
}

/**
 * Reads an amount as a person types it: decimal digits only, no sign, no point, no exponent, no leading zero.
 *
 * @returns the amount, or `undefined` for anything else, so that the caller can name the field at fault
 */
export function parseAmount(text: string): Amount | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined;
  const value = Number(text);
  return isAmount(value) ? value : undefined;
}

/** The sentence that follows "the amount X" wherever one is refused. */
export const amountRule = `an amount is a whole number from ${amountMin} to ${amountMax}`;

/** The same with what helps further: money that was typed with cents. */
export function amountRuleFor(text: string): string {
  const hasCents = /^[0-9]*[.,][0-9]+$/.test(text);
  return hasCents ? `${amountRule}; there are no cents, so agree on a small unit` : amountRule;
}
