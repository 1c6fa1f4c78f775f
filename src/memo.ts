/**
 * What a payment is for, in the payer's words.
 */
import { controls, hasBlankEnd, isPrintable } from "./printable.ts";

/** Unicode code points of a memo. Four bytes each at the most, so an order stays small. Past it: it is no memo. */
export const memoCharactersMax = 256;

export const memoRule =
  `a memo is 1 to ${memoCharactersMax} visible characters on one line, with single spaces between words`;

const control = new RegExp(`[${controls}]`, "u");

/**
 * Whether a value is a memo that can be shown as it is. Clients offer and the server books no other one. The answer about a few
 * characters changes with the runtime's version of Unicode.
 */
export function isMemo(value: unknown): value is string {
  return isBookedMemo(value) && isPrintable(value) && !hasBlankEnd(value) &&
    !/^\p{M}/u.test(value);
}

/**
 * Whether a value can be the memo of an order that was booked, by a runtime of any version of Unicode. Whoever reads orders,
 * receipts or entries asks this, and escapes what it prints.
 */
export function isBookedMemo(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 2 * memoCharactersMax) return false;
  const characters = [...value].length;
  return characters >= 1 && characters <= memoCharactersMax && !control.test(value);
}
