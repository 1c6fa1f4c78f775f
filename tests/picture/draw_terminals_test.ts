import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { drawTerminals } from "./draw_terminals.ts";
import { plain, readTerminal } from "./terminal_text.ts";

const drawn = (capture: string) =>
  drawTerminals([{ title: "Alice & Bob", capture }], { title: "A picture", columns: 40 });

Deno.test("a terminal is read as runs with one look, which goes on in the next row", () => {
  const rows = readTerminal("\x1b[1;32mpaid\x1b[0m 5\n\x1b[2mold\n older\x1b[22m new");
  assertEquals(rows, [
    [
      { text: "paid", look: { ...plain, isBold: true, foreground: 2 }, column: 0, columns: 4 },
      { text: "5", look: plain, column: 5, columns: 1 },
    ],
    [{ text: "old", look: { ...plain, isDim: true }, column: 0, columns: 3 }],
    [
      { text: "older", look: { ...plain, isDim: true }, column: 1, columns: 5 },
      { text: "new", look: plain, column: 7, columns: 3 },
    ],
  ]);
});

Deno.test("a wide character takes two columns, and what follows it stays in its column", () => {
  const [row] = readTerminal("a昼ごb  x");
  assertEquals(row!.map(({ text, column, columns }) => [text, column, columns]), [
    ["a", 0, 1],
    ["昼ご", 1, 4],
    ["b", 5, 1],
    ["x", 8, 1],
  ]);
});

Deno.test("each of the first 16 colours is read, in front and behind", () => {
  const looks = readTerminal("\x1b[31;42ma\x1b[97;100mb\x1b[39;49mc")[0]!.map(({ look }) => look);
  assertEquals(looks.map(({ foreground, background }) => [foreground, background]), [
    [1, 2],
    [15, 8],
    [undefined, undefined],
  ]);
});

Deno.test("blanks are drawn only where their look shows them", () => {
  assertEquals(readTerminal("   ")[0], []);
  const [blank] = readTerminal("\x1b[7m   \x1b[27m   ")[0]!;
  assertEquals([blank!.columns, blank!.look.isInverse], [3, true]);
  assertStringIncludes(drawn("\x1b[7mchosen"), '<rect x="16" y="32" width="51" height="20"');
});

Deno.test("a code that is no look, and a look that is unknown, are errors", () => {
  assertThrows(() => readTerminal("\x1b[2J"), Error, "an unknown code");
  assertThrows(() => readTerminal("\x1b[3mslanted"), Error, "the code 3 is unknown");
});

Deno.test("a picture is well-formed XML whatever stands on the terminal", () => {
  const svg = drawn('<a href="x">&amp;');
  assertStringIncludes(svg, '&lt;a href="x"&gt;&amp;amp;</text>');
  assertStringIncludes(svg, "Alice &amp; Bob</text>");
});

Deno.test("a picture brings its background, and no text leaves its columns", () => {
  const svg = drawn("0123456789");
  assert(/<rect y="0" width="372" height="\d+" rx="8" fill="#1c2128"\/>/.test(svg));
  assertStringIncludes(svg, 'textLength="85" lengthAdjust="spacingAndGlyphs">0123456789');
});
