/**
 * Foreign text is harmless on a terminal and in a log with one message a line.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { excerpt, isPrintable, printable, quote } from "../src/printable.ts";
import { codePoint } from "./code_point.ts";

/** Any code point, including lone surrogates and unassigned ones. Low ones are more frequent. */
const anyCodePoint = fc.oneof(fc.nat(0xff), fc.nat(0x10ffff)).map((code) =>
  String.fromCodePoint(code)
);

const cases: readonly { readonly title: string; readonly text: string; readonly shown: string }[] =
  [
    { title: "plain text is shown as it is", text: "alice pays 5 #1", shown: "alice pays 5 #1" },
    {
      title: "accents, scripts and emoji are shown as they are",
      text: "\u00e9 \u65e5 \u{1f355}",
      shown: "\u00e9 \u65e5 \u{1f355}",
    },
    {
      title: "a zero-width joiner holds an emoji together",
      text: "\u{1f468}\u200d\u{1f467}",
      shown: "\u{1f468}\u200d\u{1f467}",
    },
    { title: "a line feed is escaped", text: "a\nb", shown: "a\\u{a}b" },
    { title: "a carriage return is escaped", text: "a\rb", shown: "a\\u{d}b" },
    { title: "an escape is escaped", text: "\u001b[31m", shown: "\\u{1b}[31m" },
    { title: "DEL is escaped", text: "\u007f", shown: "\\u{7f}" },
    { title: "an eight-bit control sequence is escaped", text: "\u009b2J", shown: "\\u{9b}2J" },
    {
      title: "a change of direction is escaped",
      text: "\u202e\u2066",
      shown: "\\u{202e}\\u{2066}",
    },
    { title: "a zero-width space is escaped", text: "a\u200bb", shown: "a\\u{200b}b" },
    { title: "a byte order mark is escaped", text: "\ufeff", shown: "\\u{feff}" },
    { title: "a Hangul filler is escaped", text: "\u3164", shown: "\\u{3164}" },
    { title: "an ignorable that is not assigned is escaped", text: "\u2065", shown: "\\u{2065}" },
    {
      title: "a space is shown, and each one after it escaped",
      text: "a   b",
      shown: "a \\u{20}\\u{20}b",
    },
    {
      title: "blanks of different kinds are escaped after the first",
      text: "a\u00a0\u2800\u3000b",
      shown: "a\u00a0\\u{2800}\\u{3000}b",
    },
    {
      title: "a character keeps four marks, and each further one is escaped",
      text: `e${"\u0301".repeat(6)}x\u0301`,
      shown: `e${"\u0301".repeat(4)}\\u{301}\\u{301}x\u0301`,
    },
    {
      title: "joiners between marks are counted with them",
      text: "\u0c15\u0c4d\u200c\u0c4d\u200c\u0c4d\u200c",
      shown: "\u0c15\u0c4d\u200c\u0c4d\u200c\\u{c4d}\\u{200c}",
    },
    {
      title: "Telugu keeps its non-joiner",
      text: "\u0c15\u0c4d\u200c\u0c37",
      shown: "\u0c15\u0c4d\u200c\u0c37",
    },
    { title: "a selector after an emoji is shown", text: "\u2764\ufe0f", shown: "\u2764\ufe0f" },
    { title: "a selector after a letter is escaped", text: "a\ufe0f", shown: "a\\u{fe0f}" },
    {
      title: "a joiner after an escaped character is escaped",
      text: "\u180b\u200d",
      shown: "\\u{180b}\\u{200d}",
    },
    { title: "a tag character is escaped as one", text: "\u{e0041}", shown: "\\u{e0041}" },
    { title: "private use is escaped", text: "\ue000", shown: "\\u{e000}" },
    {
      title: "line and paragraph separators are escaped",
      text: "\u2028\u2029",
      shown: "\\u{2028}\\u{2029}",
    },
    { title: "a lone surrogate is escaped", text: "\ud800x", shown: "\\u{d800}x" },
    {
      title: "a backslash is doubled, so that no escape can be forged",
      text: "\\u{a}",
      shown: "\\\\u{a}",
    },
  ];

for (const { title, text, shown } of cases) {
  Deno.test(title, () => {
    assertEquals(printable(text), shown);
    // Twice, because a stateful pattern would answer differently.
    assertEquals(isPrintable(text), isPrintable(text));
    assertEquals(isPrintable(text), text === shown || text.includes("\\"));
  });
}

Deno.test("every escaped text is printable", () => {
  fc.assert(fc.property(fc.string({ unit: anyCodePoint }), (text) => {
    assertEquals(isPrintable(printable(text)), true);
    assertEquals(/[\p{Cc}\u2028\u2029]/u.test(printable(text)), false);
  }));
});

Deno.test("two texts never look the same", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("\\", "u", "{", "}", "a", "\n", "\u200b", "\ud800", "\u{1f355}"),
  });
  fc.assert(fc.property(hostile, hostile, (first, second) => {
    if (first.isWellFormed() && second.isWellFormed()) {
      assertEquals(printable(first) === printable(second), first === second);
    }
  }));
});

Deno.test("a text is unchanged exactly when it is printable and has no backslash", () => {
  fc.assert(fc.property(fc.string({ unit: anyCodePoint }), (text) => {
    assertEquals(printable(text) === text, isPrintable(text) && !text.includes("\\"));
  }));
});

Deno.test("an excerpt ends between two code points", () => {
  assertEquals(excerpt("a\u{1f355}b", 2), "a\u{1f355}");
  assertEquals(excerpt("\u{1f355}".repeat(3), 2), "\u{1f355}".repeat(2));
  assertEquals(excerpt("abc", 3), "abc");
  fc.assert(fc.property(fc.string({ unit: codePoint }), fc.nat(20), (text, charactersMax) => {
    const beginning = excerpt(text, charactersMax);
    assertEquals(beginning.isWellFormed() && text.startsWith(beginning), true);
  }));
});

Deno.test("a quoted text cannot close its quotation marks or combine with them", () => {
  assertEquals(quote('rent") from bob'), '"rent\\") from bob"');
  assertEquals(quote('\\"'), '"\\\\\\""');
  assertEquals(quote("\u0301a"), '"\\u{301}a"');
  fc.assert(fc.property(fc.string({ unit: anyCodePoint }), (text) => {
    assertEquals(/^"(?:[^"\\]|\\["\\]|\\u\{[0-9a-f]+\})*"$/u.test(quote(text)), true);
  }));
});
