/**
 * JSON for scripts that is harmless on a terminal, too.
 */
import { replaceHidden } from "../printable.ts";

/**
 * @returns a value as JSON on one line, with `\uXXXX` for characters that move the cursor or hide
 * text
 */
export function jsonLine(value: unknown): string {
  return escapeRisky(JSON.stringify(value));
}

/**
 * Does the same as {@link jsonLine} to JSON text. Risky characters can only be inside its strings.
 */
export function escapeRisky(json: string): string {
  return replaceHidden(json, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
