/**
 * Strict JSON for all outside input: valid UTF-8, one object, unique member names, bounded nesting,
 * integers only.
 *
 * `JSON.parse` keeps the last of two members with one name, so two programs can read a signed text
 * differently (RFC 8259 section 4). It also reads `1.0`, `10e-1` and `0.99999999999999999999` as 1.
 * Here a number has one form: its digits.
 */

/** Deepest nesting of a document, more than ours need. Past it: refused. */
export const jsonDepthMax = 8;

/**
 * Longest document in bytes, or in UTF-16 units of a string: sixteen lines on the wire. Past it:
 * refused before it is parsed.
 */
export const jsonLengthMax = 1024 * 1024;

/** A decoded JSON object. Its members are not checked yet. */
export type JsonObject = Record<string, unknown>;

/**
 * Parses a JSON object.
 *
 * @param source UTF-8 bytes or a text
 * @returns the object, or `undefined` for anything else: other bytes than UTF-8, a repeated member,
 * a number not written as an integer, more than {@link jsonLengthMax} or {@link jsonDepthMax}
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseJsonObject('{"a":1}'), { a: 1 });
 * assertEquals(parseJsonObject('{"a":1,"a":2}'), undefined);
 * assertEquals(parseJsonObject('{"a":1.0}'), undefined);
 * ```
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
  // The value has only the last of two members with one name, so the counts differ.
  return members !== undefined && members === countMembers(value) ? value as JsonObject : undefined;
}

// ignoreBOM keeps a byte order mark in the text, so that JSON.parse refuses it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a valid JSON text once and counts the members of its objects.
 *
 * @returns `undefined` when it nests too deeply or has a number that is not written as an integer
 */
function scanMembers(text: string): number | undefined {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        break;
      case ":":
        members++;
        break;
      case "{":
      case "[":
        if (++depth > jsonDepthMax) return undefined;
        break;
      case "}":
      case "]":
        depth--;
        break;
      // Outside of strings, only a fraction, an exponent and -0 have these.
      case ".":
      case "E":
        return undefined;
      case "e":
        // The `e` of `true` and `false` stands after a letter.
        if (text[at - 1]! <= "9") return undefined;
        break;
      case "-":
        if (text[at + 1] === "0") return undefined;
        break;
    }
  }
  return members;
}

/** Returns the index of a string's closing quote, given that of its opening quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1);; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text[before - 1] === "\\") before--;
    // Backslashes in even number escape each other.
    if ((end - before) % 2 === 0) return end;
  }
}

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
