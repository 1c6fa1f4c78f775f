/**
 * Which texts are account names, and which of them are the same name.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  accountNameCharactersMax,
  accountNameRule,
  isAccountName,
  parseAccountName,
} from "../src/account_name.ts";

/** Any code point, including lone surrogates and unassigned ones. Low ones are more frequent. */
const anyCodePoint = fc.oneof(fc.nat(0xff), fc.nat(0x10ffff)).map((code) =>
  String.fromCodePoint(code)
);

const cases: readonly {
  readonly title: string;
  readonly typed: string;
  readonly stored: string | undefined;
}[] = [
  { title: "a plain name is stored as it is", typed: "alice", stored: "alice" },
  { title: "ASCII capitals are folded", typed: "Alice.B_C-9", stored: "alice.b_c-9" },
  { title: "one letter is enough", typed: "a", stored: "a" },
  { title: "a digit may come first", typed: "0", stored: "0" },
  { title: "32 characters are a name", typed: "a".repeat(32), stored: "a".repeat(32) },
  { title: "33 characters are none", typed: "a".repeat(33), stored: undefined },
  { title: "nothing is no name", typed: "", stored: undefined },
  { title: "a dot may not come first", typed: ".alice", stored: undefined },
  { title: "an underscore may not come first", typed: "_alice", stored: undefined },
  { title: "a hyphen may not come first", typed: "-alice", stored: undefined },
  { title: "dots alone are no name, so none is a folder's parent", typed: "..", stored: undefined },
  { title: "dots inside are part of a name", typed: "a..", stored: "a.." },
  { title: "a slash is refused", typed: "a/b", stored: undefined },
  { title: "a backslash is refused", typed: "a\\b", stored: undefined },
  { title: "a space is refused", typed: "a b", stored: undefined },
  { title: "a space around is refused", typed: " alice", stored: undefined },
  { title: "a line feed at the end is refused", typed: "alice\n", stored: undefined },
  { title: "a NUL is refused", typed: "alice\0", stored: undefined },
  {
    title: "a number sign, which separates a list's columns, is refused",
    typed: "a#b",
    stored: undefined,
  },
  { title: "the issuing account's name is refused", typed: "@issuer", stored: undefined },
  { title: "the Kelvin sign is no k", typed: "\u212aate", stored: undefined },
  { title: "a dotted capital I is no i", typed: "\u0130da", stored: undefined },
  { title: "a Cyrillic a is no a", typed: "\u0430lice", stored: undefined },
  { title: "a full-width a is no a", typed: "\uff41lice", stored: undefined },
  { title: "a combining accent is refused", typed: "jose\u0301", stored: undefined },
  { title: "a zero-width space is refused", typed: "al\u200bice", stored: undefined },
  { title: "a change of direction is refused", typed: "\u202ealice", stored: undefined },
];

for (const { title, typed, stored } of cases) {
  Deno.test(title, () => assertEquals(parseAccountName(typed) as string | undefined, stored));
}

const decoded: readonly { readonly value: unknown; readonly name: boolean }[] = [
  { value: "alice", name: true },
  { value: "Alice", name: false },
  { value: ["alice"], name: false },
  { value: { toString: () => "alice" }, name: false },
  { value: 7, name: false },
  { value: null, name: false },
  { value: undefined, name: false },
];

for (const { value, name } of decoded) {
  Deno.test(`on the wire ${Deno.inspect(value)} is ${name ? "a name" : "not a name"}`, () => {
    assertEquals(isAccountName(value), name);
  });
}

Deno.test("a stored name is read back, and is ASCII within the limit", () => {
  fc.assert(fc.property(fc.string({ unit: anyCodePoint, maxLength: 40 }), (typed) => {
    const stored = parseAccountName(typed);
    if (stored === undefined) return;
    assertEquals(parseAccountName(stored), stored);
    assertEquals(/^[\x21-\x7e]+$/.test(stored) && stored.length <= accountNameCharactersMax, true);
  }));
});

Deno.test("two texts are one name only when they differ in ASCII case alone", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/);
  fc.assert(fc.property(name, (typed) => {
    assertEquals(parseAccountName(typed) as string | undefined, typed.toLowerCase());
    assertEquals(parseAccountName(typed.toUpperCase()), parseAccountName(typed));
  }));
});

Deno.test("the rule names the limit", () => {
  assertStringIncludes(accountNameRule, "1 to 32");
});
