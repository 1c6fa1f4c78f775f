/**
 * Escapes foreign text, so that it is harmless on a terminal and in a log with one message a line.
 */

/** Controls, surrogates, private use and line separators: the same in every Unicode version. */
export const controls = String.raw`\p{Cc}\p{Cs}\p{Co}\u2028\u2029`;

/** Blank characters. The empty braille pattern is not white space in Unicode. */
const blank = String.raw`[\p{White_Space}\u2800]`;

/** Scripts whose words may contain a joiner or non-joiner after a letter or mark. */
const joinedScripts = [
  ...["Arabic", "Syriac", "Nko", "Mandaic", "Mongolian", "Devanagari", "Bengali", "Gurmukhi"],
  ...["Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Khmer"],
  ...["Myanmar", "Tibetan", "Balinese", "Javanese"],
].map((script) => String.raw`\p{Script_Extensions=${script}}`).join("");

/** Invisible characters that modify the character before them. */
const belonging = [
  // Joiners, in the scripts that need them.
  String.raw`(?<=(?![\p{Cf}\p{Default_Ignorable_Code_Point}])[${joinedScripts}])[\u200c\u200d]`,
  // The joiner within a composed emoji.
  String
    .raw`(?<=\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}\ufe0f]?)\u200d(?=\p{Extended_Pictographic})`,
  // Variation selectors, and the emoji of a key.
  String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
].join("|");

/** A blank after a blank. Many push text to the next line, where it looks like a message. */
const furtherBlank = `(?<=${blank})${blank}`;

/** Combining marks, and the joiners that may stand between them. */
const combining = String.raw`[\p{M}\u200c\u200d]`;

/** The fifth mark on a character, and each after it. They would be drawn over the lines above. */
const furtherMark = `${combining}(?<=${combining}{5})`;

const hidden = new RegExp(
  String
    .raw`(?!${belonging})[${controls}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]` +
    `|${furtherBlank}|${furtherMark}`,
  "gu",
);

const blankAtAnEnd = new RegExp(`^${blank}|${blank}$`, "u");

/** Replaces characters that could move the cursor, break the line or hide or cover text. */
export function replaceHidden(text: string, replace: (character: string) => string): string {
  return text.replace(hidden, replace);
}

/**
 * Returns a text with hidden characters as `\u{…}`. It doubles backslashes, so that nobody can
 * forge an escape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("a\nb"), String.raw`a\u{a}b`);
 * assertEquals(printable(String.raw`a\u{a}b`), String.raw`a\\u{a}b`);
 * ```
 */
export function printable(text: string): string {
  return replaceHidden(text.replaceAll("\\", "\\\\"), escapeCharacter);
}

/** Returns a foreign text {@link printable}, in quotation marks that it cannot close. */
export function quote(text: string): string {
  // A combining mark at the start would combine with the quotation mark.
  const shown = printable(text).replaceAll('"', '\\"').replace(/^\p{M}/u, escapeCharacter);
  return `"${shown}"`;
}

/** Returns the start of a text, cut between two code points. */
export function excerpt(text: string, charactersMax: number): string {
  // Sliced first, because a foreign text may be long.
  const characters = [...text.slice(0, 2 * charactersMax)];
  return characters.slice(0, charactersMax).join("");
}

/** Returns whether a text has no hidden characters. Backslashes are not hidden. */
export function isPrintable(text: string): boolean {
  return text.search(hidden) === -1;
}

/** Returns whether a text starts or ends with a blank, which nobody would see. */
export function hasBlankEnd(text: string): boolean {
  return blankAtAnEnd.test(text);
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
