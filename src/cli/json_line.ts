/**
 * JSON for scripts that does no harm when a person looks at it in a terminal.
 */
import { replaceHidden } from "../printable.ts";

/** The same value on one line, with what could move the cursor or hide text as `\uXXXX`. */
export function jsonLine(value: unknown): string {
  return escapeRisky(JSON.stringify(value));
}

/** {@link jsonLine} for text that is JSON already: what is escaped can only be inside its strings. */
export function escapeRisky(json: string): string {
  return replaceHidden(json, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
