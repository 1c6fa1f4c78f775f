/**
 * Blanks comments and strings in a source text. Lines keep their numbers.
 */

/** Returns the text with comments blanked. */
export function blankComments(text: string): string {
  return text.replace(part, (found) => found.startsWith("/") ? blank(found) : found);
}

/** Returns the text with comments and strings blanked, including the values in templates. */
export function blankStrings(text: string): string {
  return text.replace(part, blank);
}

// Matches a comment or a string. A regular expression with quotes would confuse it. Then it blanks
// too much on that line, and never reports something that is not there.
const part =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;

function blank(found: string): string {
  return found.replace(/[^\n]/g, " ");
}
