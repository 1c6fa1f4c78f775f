/**
 * JSON as it is accepted from outside: valid UTF-8, one object, no member twice, not deeper than needed.
 *
 * `JSON.parse` keeps the last of two members with one name, so two programs can read one signed text differently; RFC 8259
 * section 4 leaves that open, RFC 7515 section 4 demands refusal for headers. We refuse it everywhere.
 *
 * It also reads `1.0`, `10e-1` and `0.99999999999999999999` as 1. All our numbers are integers, so a number has one spelling: its
 * digits.
 */

/** Deepest nesting of any document of ours, with room to spare. Past it: refused. */
export const jsonDepthMax = 8;

/**
 * Longest document, in bytes or in UTF-16 units as it is given. Sixteen times a line on the wire.
 * Past it: refused before it is parsed.
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
    text = typeof source === "string" ? source : decoder.decode(source);
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const members = scanMembers(text);
  // Of two members with one name only the last is in the value.
  return members !== undefined && members === countMembers(value) ? value as JsonObject : undefined;
}

// ignoreBOM keeps a byte order mark in the text, where JSON.parse then refuses it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const code = {
  quote: 0x22,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  upperE: 0x45,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  lowerE: 0x65,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/**
 * Reads a valid JSON text once from its first character to its last.
 *
 * @returns how many members all of its objects are written with, or `undefined` when it nests too
 * deep or has a number that is not spelled as an integer
 */
function scanMembers(text: string): number | undefined {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const found = text.charCodeAt(at);
    if (found === code.quote) {
      at = endOfString(text, at);
    } else if (found === code.colon) {
      members++;
    } else if (found === code.openBrace || found === code.openBracket) {
      if (++depth > jsonDepthMax) return undefined;
    } else if (found === code.closeBrace || found === code.closeBracket) {
      depth--;
    } else if (found === code.minus || isDigit(found)) {
      const end = endOfInteger(text, at);
      if (end === undefined) return undefined;
      at = end;
    }
  }
  return members;
}

/** @returns the index of the quote that ends the string, whose first quote is at `start` */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1);; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === code.backslash) before--;
    // An even number of backslashes are escaped themselves.
    if ((end - before) % 2 === 0) return end;
  }
}

/**
 * @returns the index of the last digit, or `undefined` for minus zero, a fraction or an exponent
 */
function endOfInteger(text: string, start: number): number | undefined {
  let end = start;
  while (isDigit(text.charCodeAt(end + 1))) end++;
  const isMinusZero = text.charCodeAt(start) === code.minus &&
    text.charCodeAt(start + 1) === code.zero;
  const next = text.charCodeAt(end + 1);
  const isLonger = next === code.dot || next === code.lowerE || next === code.upperE;
  return isMinusZero || isLonger ? undefined : end;
}

function isDigit(found: number): boolean {
  return found >= code.zero && found <= code.nine;
}

/** How many members the objects of a value have, in all. */
function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) members += countMembers(element);
    return members;
  }
  for (const member of Object.values(value)) members += 1 + countMembers(member);
  return members;
}
