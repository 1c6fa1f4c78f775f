/**
 * What a payment is for, in the payer's words.
 */
import { isPrintable } from "./printable.ts";

/** In Unicode code points. Four bytes each at the most, so an order stays small. */
export const memoCharactersMax = 256;

export const memoRule = `a memo is 1 to ${memoCharactersMax} printable characters on one line`;

/** Whether a value is a memo that can be shown as it is. */
export function isMemo(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 2 * memoCharactersMax) return false;
  const characters = [...value].length;
  return characters >= 1 && characters <= memoCharactersMax && isPrintable(value);
}
