/**
 * Negative numbers on the command line. `pay bob -1` is a wrong amount, but a parser of options takes `-1` for an option
 * that nobody declared. No option here starts with a digit, so such a word is guarded before parsing and unguarded where a
 * value is read: the amount's own rule refuses it.
 */

// An argument of a process never holds a NUL, so nothing a person types can look like this.
const guard = "\0";

/** Marks every word that starts with a minus sign and a digit. */
export function guardNegativeNumbers(args: readonly string[]): string[] {
  return args.map((word) => /^-\.?[0-9]/.test(word) ? guard + word : word);
}

/** The text as it was typed, of a word or of a message that quotes one. */
export function unguardNegativeNumber(text: string): string {
  return text.replaceAll(`${guard}-`, "-");
}
