/**
 * What may be written on a payment.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isMemo, memoCharactersMax, memoRule } from "../src/memo.ts";

/** Any code point, lone surrogates and unassigned ones among them; low ones more often. */
const anyCodePoint = fc.oneof(fc.nat(0xff), fc.nat(0x10ffff)).map((code) =>
  String.fromCodePoint(code)
);

const pizza = "\u{1f355}";

const cases: readonly {
  readonly title: string;
  readonly value: unknown;
  readonly memo: boolean;
}[] = [
  { title: "a word is a memo", value: "lunch", memo: true },
  {
    title: "spaces, accents, other scripts and backslashes are printed as they are",
    value: "d\u00e9j\u00e0 \\o/ \u65e5\u672c",
    memo: true,
  },
  {
    title: "an emoji of several code points is a memo",
    value: "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
    memo: true,
  },
  { title: "nothing is no memo", value: "", memo: false },
  { title: "256 characters are a memo", value: "x".repeat(memoCharactersMax), memo: true },
  { title: "257 characters are none", value: "x".repeat(memoCharactersMax + 1), memo: false },
  {
    title: "256 characters outside the basic plane are a memo",
    value: pizza.repeat(memoCharactersMax),
    memo: true,
  },
  { title: "257 of them are none", value: pizza.repeat(memoCharactersMax + 1), memo: false },
  { title: "a line feed is refused", value: "a\nb", memo: false },
  { title: "a tab is refused", value: "a\tb", memo: false },
  { title: "an escape sequence is refused", value: "\u001b[2J", memo: false },
  { title: "a NUL is refused", value: "a\0", memo: false },
  { title: "a change of direction is refused", value: "\u202eevil", memo: false },
  { title: "a lone surrogate is refused", value: "\ud83c", memo: false },
  { title: "a number is no memo", value: 5, memo: false },
  { title: "null is no memo", value: null, memo: false },
];

for (const { title, value, memo } of cases) {
  Deno.test(title, () => assertEquals(isMemo(value), memo));
}

Deno.test("no memo holds a control character, and every memo survives UTF-8", () => {
  fc.assert(fc.property(fc.string({ unit: anyCodePoint, maxLength: 300 }), (text) => {
    if (!isMemo(text)) return;
    assertEquals(/\p{Cc}/u.test(text), false);
    assertEquals(new TextDecoder().decode(new TextEncoder().encode(text)), text);
  }));
});

Deno.test("the rule names the limit", () => {
  assertStringIncludes(memoRule, String(memoCharactersMax));
});
