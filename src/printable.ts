/**
 * Text from outside, made harmless for a terminal and for a log of one message a line.
 */

// Controls (C0, DEL, C1), invisible formatting (direction changes, zero-width and tag characters), lone surrogates, private
// use, line and paragraph separators. The zero-width joiner stays: it only holds an emoji together. A backslash is escaped
// too, so that an escape cannot be forged.
const unprintable = /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\\]/gu;

/** Replaces what could move the cursor, break the line or hide text by `\u{…}`, and a backslash by two. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    if (character === "\\") return "\\\\";
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** Whether a text would be printed as it is. A memo has to be. */
export function isPrintable(text: string): boolean {
  return text.replaceAll("\\", "").search(unprintable) === -1;
}
