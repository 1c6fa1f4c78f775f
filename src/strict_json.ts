/**
 * JSON as it is accepted from outside: valid UTF-8, one object, no member twice, not deeper than needed.
 *
 * `JSON.parse` keeps the last of two members with one name, so two programs can read one signed text differently; RFC 8259
 * section 4 leaves that open, RFC 7515 section 4 demands refusal for headers. We refuse it everywhere.
 *
 * It also reads `1.0`, `10e-1` and `0.99999999999999999999` as 1. All our numbers are integers, so a number has one spelling: its
 * digits.
 */

/** Deepest nesting of any document of ours, with room to spare. */
export const jsonDepthMax = 8;

/**
 * Longest document, in bytes or in UTF-16 units as it is given. Sixteen times a line on the wire; at hundreds of times as much
 * the token pattern below would exhaust the stack.
 */
export const jsonLengthMax = 1024 * 1024;

/** A decoded JSON object whose members nobody has looked at yet. */
export type JsonObject = Record<string, unknown>;

/**
 * @returns the object, or `undefined` when the bytes are not UTF-8, not JSON, not an object, longer than
 * {@link jsonLengthMax}, nested more than {@link jsonDepthMax} deep, name a member twice, or hold a number that is not spelled as an
 * integer
 */
export function parseJsonObject(source: Uint8Array | string): JsonObject | undefined {
  if (source.length > jsonLengthMax) return undefined;
  let text: string;
  let value: unknown;
  try {
    text = typeof source === "string" ? source : decodeUtf8(source);
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return isStrict(text) ? value as JsonObject : undefined;
}

function decodeUtf8(bytes: Uint8Array): string {
  // ignoreBOM keeps a byte order mark in the text, where JSON.parse then refuses it.
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

// One alternative per token that matters. The text is already known to be JSON, so whatever lies between is harmless.
const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[-\d][^\s,\]}]*/g;

/** No sign but a needed one, no fraction, no exponent. */
const integer = /^(?:0|-?[1-9]\d*)$/;

/** Walks the tokens of a valid JSON text with a stack of the member names seen in each open object. */
function isStrict(text: string): boolean {
  const open: (Set<string> | null)[] = [];
  let string: string | undefined;
  for (const [found] of text.matchAll(token)) {
    if (found === "{" || found === "[") {
      open.push(found === "{" ? new Set() : null);
      if (open.length > jsonDepthMax) return false;
    } else if (found === "}" || found === "]") {
      open.pop();
    } else if (found === ":") {
      // A colon outside a string follows a member's name, and only there.
      const name = JSON.parse(string!) as string;
      const names = open.at(-1)!;
      if (names.has(name)) return false;
      names.add(name);
    } else if (found.startsWith('"')) {
      string = found;
    } else if (found !== "," && !integer.test(found)) {
      return false;
    }
  }
  return true;
}
