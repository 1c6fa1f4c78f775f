/**
 * Any character of Unicode, for texts of random characters: `fc.string({ unit: codePoint })`.
 *
 * It makes the same texts as `fc.string({ unit: "binary" })`. That one takes a second in each group
 * of tests, because fast-check makes a table of all characters for it.
 */
import fc from "fast-check";

const [firstSurrogate, surrogates, codePoints] = [0xd800, 0x800, 0x110000];

export const codePoint: fc.Arbitrary<string> = fc.nat(codePoints - surrogates - 1).map(
  (place) => String.fromCodePoint(place < firstSurrogate ? place : place + surrogates),
  placeOf,
);

/**
 * Returns the place of a character among all. With it, fast-check puts words such as `__proto__`
 * into texts.
 */
function placeOf(text: unknown): number {
  const [character, ...others] = String(text);
  const code = character?.codePointAt(0);
  if (code === undefined || others.length > 0 || !character!.isWellFormed()) {
    throw new Error(`find the place of ${JSON.stringify(text)}: not one character`);
  }
  return code < firstSurrogate ? code : code - surrogates;
}
