/**
 * A source text without the parts that say nothing about what it does. Lines keep their numbers.
 */

/** The text with every comment blanked, its strings as they are. */
export function blankComments(text: string): string {
  return text.replace(part, (found) => found.startsWith("/") ? blank(found) : found);
}

/** The text with every comment and every string blanked; what a template inserts is blanked with it. */
export function blankStrings(text: string): string {
  return text.replace(part, blank);
}

// A comment or a string, whichever begins first. A pattern between slashes that holds quotes would fool this; it then blanks
// too much, never finds what is not there, and the next line is read as it is.
const part =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;

function blank(found: string): string {
  return found.replace(/[^\n]/g, " ");
}
