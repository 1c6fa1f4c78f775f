/**
 * Makes any text harmless and exactly as wide as its place on the screen. Texts of peers and of the
 * server come here before anything draws them.
 */
import stringWidth from "string-width";
import { printable } from "../../../printable.ts";
import { graphemesOf } from "./text_field.ts";

/** Characters of a text that are looked at. A wider screen than this does not exist. */
const unitsMax = 4096;

/**
 * Returns the columns that a text takes on a terminal, at the most. Some terminals draw a family of
 * emoji, a skin tone, a conjunct of Devanagari or a Thai vowel as one character, and others draw
 * its parts side by side. A row that is too wide would break into the next one.
 */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of graphemesOf(text)) {
    let apart = 0;
    for (const part of character) apart += stringWidth(part);
    width += Math.max(apart, stringWidth(character));
  }
  return width;
}

/** Returns a foreign text without anything that moves the cursor, colours or reorders text. */
export function harmless(text: string): string {
  // Every row has its own place, so that many blanks push nothing away.
  const shown = text.slice(0, unitsMax).replace(/[^ ]+/g, printable);
  // At the start it would combine with the text to its left.
  return /^\p{M}/u.test(shown) ? `\u25cc${shown}` : shown;
}

/**
 * Returns a foreign text that takes exactly so many columns: filled with blanks, or cut with "…" at
 * its end.
 */
export function fit(text: string, columns: number): string {
  return fitHarmless(harmless(text), columns);
}

/** Returns a {@link harmless} text that takes exactly so many columns. */
export function fitHarmless(text: string, columns: number): string {
  if (columns <= 0) return "";
  const cut = widthOf(text) <= columns ? text : `${cutAt(text, columns - 1)}…`;
  return cut + " ".repeat(Math.max(0, columns - widthOf(cut)));
}

/** Returns the lines of a {@link harmless} text, broken at blanks where that is possible. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (widthOf(longer) <= columns) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = piecesOf(word, columns);
    line = pieces.pop() ?? "";
    lines.push(...pieces);
  }
  return [...lines, line];
}

/** Returns the pieces of a word that each fit into a line, where one character does. */
function piecesOf(word: string, columns: number): string[] {
  const pieces: string[] = [];
  let width = Infinity;
  for (const character of graphemesOf(word)) {
    const more = widthOf(character);
    width += more;
    if (width <= columns) pieces.push(pieces.pop() + character);
    else {
      pieces.push(character);
      width = more;
    }
  }
  return pieces;
}

/** Returns the longest start of a text that takes no more than so many columns. */
function cutAt(text: string, columns: number): string {
  let cut = "";
  let width = 0;
  for (const character of graphemesOf(text)) {
    width += widthOf(character);
    if (width > columns) break;
    cut += character;
  }
  return cut;
}
