/**
 * Damage to a compact JWS or JWE that respects its parts, so that it also reaches the code behind
 * the first check.
 */
import { decodeBase64UrlStrict, encodeBase64Url } from "../../src/base64.ts";
import fc from "fast-check";
import { withPart, withStrayBits } from "../envelope/forger.ts";
import { type ByteMutation, byteMutations, mutated } from "./byte_mutations.ts";

export type CompactChange =
  /** The text as it stands. */
  | { readonly of: "text"; readonly mutations: readonly ByteMutation[] }
  /** What a part decodes to; the result is encoded again, and of the right form. */
  | { readonly of: "part"; readonly part: number; readonly mutations: readonly ByteMutation[] }
  /** The same JSON in a part, put differently. */
  | { readonly of: "json"; readonly part: number; readonly how: JsonSpelling }
  /** The same bytes of a part, spelled differently. */
  | { readonly of: "spelling"; readonly part: number; readonly how: Base64Spelling }
  /** A part from another line, at the same place. */
  | { readonly of: "splice"; readonly part: number; readonly from: number }
  | { readonly of: "parts"; readonly how: "drop" | "double"; readonly part: number };

const jsonSpellings = ["reversed", "spaced", "escaped", "doubled"] as const;
type JsonSpelling = typeof jsonSpellings[number];
const base64Spellings = ["padded", "stray bits", "standard alphabet", "spaced", "NUL"] as const;
type Base64Spelling = typeof base64Spellings[number];

// The first part is where most decisions are made.
const part = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 4 }));

const text: fc.Arbitrary<CompactChange> = byteMutations.map((mutations) => ({
  of: "text",
  mutations,
}));

const bytes: fc.Arbitrary<CompactChange> = fc.record({
  of: fc.constant("part" as const),
  part,
  mutations: byteMutations,
});

const others: fc.Arbitrary<CompactChange> = fc.oneof(
  fc.record({
    of: fc.constant("json" as const),
    part: fc.nat({ max: 1 }),
    how: fc.constantFrom(...jsonSpellings),
  }),
  fc.record({
    of: fc.constant("spelling" as const),
    part,
    how: fc.constantFrom(...base64Spellings),
  }),
  fc.record({ of: fc.constant("splice" as const), part, from: fc.nat({ max: 99 }) }),
  fc.record({
    of: fc.constant("parts" as const),
    how: fc.constantFrom("drop" as const, "double" as const),
    part,
  }),
);

export const compactChange: fc.Arbitrary<CompactChange> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: bytes },
  { weight: 2, arbitrary: others },
);

/**
 * @param lines what `splice` takes parts from
 * @returns bytes, for not everything is text any more
 */
export function changedCompact(
  line: string,
  change: CompactChange,
  { lines }: { lines: readonly string[] },
): Uint8Array<ArrayBuffer> {
  if (change.of === "text") return mutated(bytesOf(line), change.mutations);
  const count = line.split(".").length;
  const at = change.part % count;
  switch (change.of) {
    case "part":
      return bytesOf(withPart(line, at, (part) => inside(part, change.mutations)));
    case "json":
      return bytesOf(withPart(line, at, (part) => respelled(part, change.how)));
    case "spelling":
      return bytesOf(withPart(line, at, (part) => spelled(part, change.how)));
    case "splice": {
      const other = lines[change.from % lines.length]!.split(".");
      return bytesOf(withPart(line, at, () => other[at % other.length]!));
    }
    case "parts": {
      const parts = line.split(".");
      parts.splice(at, 1, ...(change.how === "drop" ? [] : [parts[at]!, parts[at]!]));
      return bytesOf(parts.join("."));
    }
  }
}

function inside(part: string, mutations: readonly ByteMutation[]): string {
  const decoded = decodeBase64UrlStrict(part);
  return decoded ? encodeBase64Url(mutated(decoded, mutations)) : part;
}

function respelled(part: string, how: JsonSpelling): string {
  const decoded = decodeBase64UrlStrict(part);
  const json = decoded && parsed(new TextDecoder().decode(decoded));
  if (!json) return part;
  return encodeBase64Url(new TextEncoder().encode(jsonSpelled(json, how)));
}

function jsonSpelled(json: object, how: JsonSpelling): string {
  const text = JSON.stringify(json);
  switch (how) {
    case "reversed":
      return JSON.stringify(Object.fromEntries(Object.entries(json).toReversed()));
    case "spaced":
      return JSON.stringify(json, null, 1);
    case "escaped":
      return text.replace(/"([a-z])/, (_, letter) => `"\\u00${letter.charCodeAt(0).toString(16)}`);
    case "doubled":
      return text.replace(/^\{("[^"]*":"[^"]*")/, "{$1,$1");
  }
}

function parsed(text: string): object | undefined {
  try {
    return Object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function spelled(part: string, how: Base64Spelling): string {
  switch (how) {
    case "padded":
      return `${part}=`;
    case "stray bits":
      return part === "" ? part : withStrayBits(part);
    case "standard alphabet":
      return part.replaceAll("-", "+").replaceAll("_", "/");
    case "spaced":
      return `${part.slice(0, 9)} ${part.slice(9)}`;
    case "NUL":
      return `${part}\0`;
  }
}

/** Text of which every character is a byte. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
