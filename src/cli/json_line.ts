/**
 * JSON for scripts that is harmless on a terminal, too.
 */
import { replaceHidden } from "../printable.ts";

/** Writes `\uXXXX` for characters that move the cursor or hide text. */
export function jsonLine(value: unknown): string {
  return escapeRisky(JSON.stringify(value));
}

/** Does so to JSON text. Risky characters can only be inside its strings. */
export function escapeRisky(json: string): string {
  return replaceHidden(json, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}
