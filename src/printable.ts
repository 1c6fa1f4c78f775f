/**
 * Text from outside, made harmless for a terminal and for a log of one message a line.
 */

/** Controls, lone surrogates, private use, line and paragraph separators: in every version of Unicode the same characters. */
export const controls = String.raw`\p{Cc}\p{Cs}\p{Co}\u2028\u2029`;

/** What shows nothing and takes room. The braille pattern without dots is no white space to Unicode. */
const blank = String.raw`[\p{White_Space}\u2800]`;

/** Scripts that write some words with a joiner or a non-joiner after one of their letters or marks. */
const joinedScripts = [
  ...["Arabic", "Syriac", "Nko", "Mandaic", "Mongolian", "Devanagari", "Bengali", "Gurmukhi"],
  ...["Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Khmer"],
  ...["Myanmar", "Tibetan", "Balinese", "Javanese"],
].map((script) => String.raw`\p{Script_Extensions=${script}}`).join("");

/** Characters that show nothing themselves and belong to the one before them. */
const belonging = [
  // Joiners, in the scripts that need them.
  String.raw`(?<=(?![\p{Cf}\p{Default_Ignorable_Code_Point}])[${joinedScripts}])[\u200c\u200d]`,
  // The joiner of an emoji of several.
  String
    .raw`(?<=\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}\ufe0f]?)\u200d(?=\p{Extended_Pictographic})`,
  // What makes an emoji of a symbol, or a symbol of an emoji, and the emoji of a key.
  String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
].join("|");

/** Every blank after another one: many of them move what follows to the next line of a terminal, where it looks like a message. */
const furtherBlank = `(?<=${blank})${blank}`;

const hidden = new RegExp(
  String
    .raw`(?!${belonging})[${controls}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]` +
    `|${furtherBlank}`,
  "gu",
);

const blankAtAnEnd = new RegExp(`^${blank}|${blank}$`, "u");

/** Replaces what could move the cursor, break the line or hide text. */
export function replaceHidden(text: string, replace: (character: string) => string): string {
  return text.replace(hidden, replace);
}

/** The same with `\u{…}` for what is hidden, and two backslashes for one, so that an escape cannot be forged. */
export function printable(text: string): string {
  return replaceHidden(text.replaceAll("\\", "\\\\"), escaped);
}

/** Text of another person within a sentence: {@link printable}, between quotation marks that it cannot close. */
export function quoted(text: string): string {
  // A mark without a letter would be drawn on the quotation mark.
  const shown = printable(text).replaceAll('"', '\\"').replace(/^\p{M}/u, escaped);
  return `"${shown}"`;
}

/** The beginning of a text, cut between two code points. */
export function excerpt(text: string, charactersMax: number): string {
  // Sliced first: a stranger's text may be long, and only its beginning is taken apart.
  const characters = [...text.slice(0, 2 * charactersMax)];
  return characters.slice(0, charactersMax).join("");
}

/** Whether a text shows all that it holds. A backslash does. */
export function isPrintable(text: string): boolean {
  return text.search(hidden) === -1;
}

/** Whether a text begins or ends with a blank, which nobody sees where it is printed. */
export function hasBlankEnd(text: string): boolean {
  return blankAtAnEnd.test(text);
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
