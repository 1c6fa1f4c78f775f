/**
 * Files of payments: what is read, and which lines are bad.
 */
import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { readBatch } from "../../../../src/cli/client/batch/batch_file.ts";
import { batchLinesMax } from "../../../../src/limits.ts";

const read = (text: string | Uint8Array) =>
  readBatch(typeof text === "string" ? new TextEncoder().encode(text) : text);

const good: readonly { readonly title: string; readonly text: string; readonly lines: unknown }[] =
  [
    { title: "without a header", text: "bob,5,lunch", lines: [[1, "bob", 5, "lunch"]] },
    { title: "with a header", text: "to,amount,memo\nbob,5,x\n", lines: [[2, "bob", 5, "x"]] },
    {
      title: "with a header of two",
      text: "To,Amount\nbob,5\n",
      lines: [[2, "bob", 5, undefined]],
    },
    { title: "with a byte order mark", text: "\ufeffbob,5,x\r\n", lines: [[1, "bob", 5, "x"]] },
    {
      title: "with quotes, commas and both line ends",
      text: '"bob","5","a, ""b"""\r\ncarol,6,\n',
      lines: [[1, "bob", 5, 'a, "b"'], [2, "carol", 6, undefined]],
    },
    {
      title: "with empty lines",
      text: "\nbob,5\n\nbob,5\n",
      lines: [[2, "bob", 5], [4, "bob", 5]],
    },
    { title: "with a name in capitals", text: "Bob,5", lines: [[1, "bob", 5]] },
    {
      title: "of JSON lines",
      text: '{"to":"bob","amount":5}\n\n{"memo":"x","amount":6,"to":"carol"}\n',
      lines: [[1, "bob", 5], [3, "carol", 6, "x"]],
    },
    { title: "of JSON with a mark", text: '\ufeff{"to":"bob","amount":5}', lines: [[1, "bob", 5]] },
  ];

for (const { title, text, lines } of good) {
  Deno.test(`batch file: one ${title} is read`, () => {
    const { batch, faults } = read(text);
    assertEquals(faults, []);
    const found = batch.lines.map((
      { number, payee, amount, memo },
    ) => [number, payee, amount, memo]);
    assertEquals(found, (lines as unknown[][]).map((line) => [...line, undefined].slice(0, 4)));
  });
}

const bad: readonly {
  readonly title: string;
  readonly text: string | Uint8Array;
  readonly faults: readonly (readonly [number, RegExp])[];
}[] = [
  { title: "nothing", text: "", faults: [[1, /no payment/]] },
  { title: "a header alone", text: "to,amount\n", faults: [[1, /no payment/]] },
  { title: "bytes that are not UTF-8", text: Uint8Array.of(0xff), faults: [[1, /UTF-8/]] },
  {
    title: "several bad lines",
    text: "a b,5\nbob,x\nbob,5\nbob\nbob,1,2,3\nbob,1.5,\u0007\nbob,0",
    faults: [
      [1, /^to "a b": a name/],
      [2, /^amount "x"/],
      [4, /1 fields/],
      [5, /4 fields/],
      [6, /^amount "1.5".*no cents.*; memo "\\u\{7\}"|^amount "1.5".*; memo /],
      [7, /^amount "0"/],
    ],
  },
  {
    title: "an open quote",
    text: 'x y,1\nbob,1,"a\nbob,2',
    faults: [[1, /^to/], [2, /never closed/]],
  },
  { title: "text after a quote", text: 'bob,1,"a"b', faults: [[1, /follows a closing/]] },
  { title: "a quote inside of a field", text: 'bob,1,a"b', faults: [[1, /inside/]] },
  { title: "a memo of two lines", text: 'bob,1,"a\nb"', faults: [[1, /^memo/]] },
  {
    title: "bad JSON lines",
    text: '{"to":"bob","amount":5}\n{"to":"bob","amount":"5"}\n{"to":"bob","amount":5,"x":1}\n' +
      '{"to":"bob","to":"eve","amount":5}\nbob,5\n{"to":7,"amount":0}\n{"to":"bob","amount":5,"memo":5}',
    faults: [
      [2, /is a number/],
      [3, /the member "x"/],
      [4, /not one JSON object/],
      [5, /not one JSON object/],
      [6, /^to "7".*amount "0"/],
      [7, /^memo "5"/],
    ],
  },
  {
    title: "too many payments",
    text: "bob,1\n".repeat(batchLinesMax + 1),
    faults: [[1, /split it/]],
  },
];

for (const { title, text, faults } of bad) {
  Deno.test(`batch file: in one with ${title}, every bad line is named`, () => {
    const found = read(text).faults;
    assertEquals(found.map(({ number }) => number), faults.map(([number]) => number));
    found.forEach(({ text }, at) => assertMatch(text, faults[at]![1]));
  });
}

Deno.test("batch file: any bytes are read or named bad, and never throw", () => {
  const text = fc.array(
    fc.constantFrom("bob", ",", "5", '"', "\n", "\r\n", "{", "}", ":", "\ufeff"),
  );
  fc.assert(fc.property(fc.oneof(text.map((parts) => parts.join("")), fc.string()), (some) => {
    const { batch, faults } = read(some);
    assertEquals(batch.lines.length + faults.length > 0, true);
  }));
});

Deno.test("batch file: a fault has the number of the line in which its payment begins, after any line breaks before it", () => {
  const numbers = (text: string) => read(text).faults.map(({ number }) => number);
  const broken = [
    'bob,1,"two\r\nlines"',
    "bob,1",
    "",
    'bob,1,"x\ny\r\nz"',
    'bob,1,"a\rb"',
    "bob,0",
  ];
  assertEquals(numbers(broken.join("\r\n")), [1, 5, 8, 9]);
  assertEquals(numbers(`${broken.join("\r\n")}\r\nbob,1\r\n\r\n"open\r\nbob,1\r\n`), [
    1,
    5,
    8,
    9,
    12,
  ]);
  assertEquals(numbers(`bob,1\n"${"a,\n".repeat(9000)}`), [2]);
});
