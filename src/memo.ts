/** A payment's memo: its purpose in the payer's words. */
import { controls, hasBlankEnd, isPrintable } from "./printable.ts";

/** Longest memo in Unicode code points, of at most four bytes each. Past it: it is not a memo. */
export const memoCharactersMax = 256;

/** The rule that every refusal of a memo cites. */
export const memoRule =
  `a memo is 1 to ${memoCharactersMax} visible characters on one line, with single spaces between words`;

const control = new RegExp(`[${controls}]`, "u");

/**
 * Returns whether a value is a memo that is printed unchanged. Only these are sent and booked. The
 * answer for a few characters depends on the runtime's Unicode version.
 */
export function isMemo(value: unknown): value is string {
  return isBookedMemo(value) && isPrintable(value) && !hasBlankEnd(value) &&
    !/^\p{M}/u.test(value);
}

/**
 * Returns whether a value can be the memo of a booked order, in any Unicode version. Readers of
 * orders, receipts and entries use this, and escape the memo when they print it.
 */
export function isBookedMemo(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 2 * memoCharactersMax) return false;
  const characters = [...value].length;
  return characters >= 1 && characters <= memoCharactersMax && !control.test(value);
}
