/**
 * Which texts are memos.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isBookedMemo, isMemo, memoCharactersMax, memoRule } from "../src/memo.ts";

/** Any code point, including lone surrogates and unassigned ones. Low ones are more frequent. */
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
  {
    title: "Telugu, Persian and Sinhala keep the joiners that they are written with",
    value:
      "\u0c15\u0c4d\u200c\u0c37 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0dc1\u0dca\u200d\u0dbb\u0dd3",
    memo: true,
  },
  {
    title: "a red heart, a person with a skin tone at work, a rainbow flag and a key are memos",
    value:
      "\u2764\ufe0f \u{1f469}\u{1f3fd}\u200d\u{1f527} \u{1f3f3}\ufe0f\u200d\u{1f308} 1\ufe0f\u20e3",
    memo: true,
  },
  { title: "Japanese keeps its wide space", value: "\u663c\u98ef\u3000\u4ee3", memo: true },
  { title: "two spaces are refused", value: "a  b", memo: false },
  { title: "two blanks of different kinds are refused", value: "a \u2800b", memo: false },
  { title: "a space at the beginning is refused", value: " a", memo: false },
  { title: "a space at the end is refused", value: "a\u3000", memo: false },
  { title: "a space alone is refused", value: " ", memo: false },
  ...["\u3164", "\u2800", "\u2065", "\u115f", "\ufe0f", "\u034f", "\uffa0", "\u{e0100}", "\ufdd0"]
    .flatMap((hidden) => [hidden, `a${hidden}`, `${hidden}a`]).map((value) => ({
      title: `${
        JSON.stringify(value).replace(/[^ -~]/gu, (character) =>
          `U+${character.codePointAt(0)!.toString(16)}`)
      } holds what nobody sees and is refused`,
      value,
      memo: false,
    })),
  { title: "a joiner between Latin letters is refused", value: "a\u200db", memo: false },
  { title: "a non-joiner between Latin letters is refused", value: "a\u200cb", memo: false },
  { title: "two joiners are refused", value: "\u0c4d\u200c\u200c", memo: false },
  {
    title: "a joiner after an emoji and before a letter is refused",
    value: "\u{1f355}\u200da",
    memo: false,
  },
  { title: "a mark without a letter is refused", value: "\u0301a", memo: false },
  { title: "four marks on a letter are a memo", value: `e${"\u0301".repeat(4)}`, memo: true },
  { title: "five marks on a letter are refused", value: `e${"\u0301".repeat(5)}`, memo: false },
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

Deno.test("every memo can be booked, also one that only another Unicode version prints", () => {
  fc.assert(fc.property(fc.string({ unit: anyCodePoint, maxLength: 300 }), (text) => {
    assertEquals(isMemo(text) && !isBookedMemo(text), false);
  }));
  // Between Unicode versions, an invisible character may become or stop being a format character.
  // Controls and surrogates never change.
  for (const text of ["\u3164", "a\u{e0fff}", "\u202eevil", "a  b"]) {
    assertEquals([isMemo(text), isBookedMemo(text)], [false, true], text);
  }
  for (const text of ["a\nb", "\u001b", "\ud800", "\ue000", "\u2028", ""]) {
    assertEquals(isBookedMemo(text), false);
  }
});

Deno.test("the rule names the limit", () => {
  assertStringIncludes(memoRule, String(memoCharactersMax));
});
