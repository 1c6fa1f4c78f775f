/**
 * How the numbered menu reads typed and piped lines.
 */
import { inputLineBytesMax } from "../../src/limits.ts";
import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { LineInput, type LineResult } from "../../src/cli/line_input.ts";
import { FileError } from "../../src/errors.ts";

const longest = "x".repeat(inputLineBytesMax);

const cases: readonly {
  readonly title: string;
  readonly input: string;
  readonly lines: LineResult[];
}[] = [
  { title: "nothing at all is the end", input: "", lines: [] },
  { title: "an empty line is a line", input: "\n", lines: [line("")] },
  {
    title: "each line feed ends a line",
    input: "1\nalice\n\n",
    lines: [line("1"), line("alice"), line("")],
  },
  {
    title: "a carriage return before a line feed belongs to the line's end",
    input: "1\r\nbob\r\n",
    lines: [line("1"), line("bob")],
  },
  {
    title: "a carriage return elsewhere belongs to the line",
    input: "a\rb\r\r\n",
    lines: [line("a\rb\r")],
  },
  { title: "the last line needs no end", input: "1\nalice", lines: [line("1"), line("alice")] },
  { title: "text is UTF-8", input: "h\u00e9 \u{1f355}\n", lines: [line("h\u00e9 \u{1f355}")] },
  {
    title: "the longest line is taken",
    input: `${longest}\nnext\n`,
    lines: [line(longest), line("next")],
  },
  {
    title: "the longest line is taken with CRLF",
    input: `${longest}\r\nnext\r\n`,
    lines: [line(longest), line("next")],
  },
  { title: "the longest line is taken without an end", input: longest, lines: [line(longest)] },
  {
    title: "one byte more is refused, and the next line is read as usual",
    input: `${longest}x\nnext\n`,
    lines: [{ kind: "too_long" }, line("next")],
  },
  {
    title: "one byte more is refused at the end too",
    input: `${longest}x`,
    lines: [{ kind: "too_long" }],
  },
  {
    title: "a very long line is refused once",
    input: `${longest.repeat(5)}\nnext`,
    lines: [{ kind: "too_long" }, line("next")],
  },
];

for (const { title, input, lines } of cases) {
  for (const chunkBytes of [1, 3, 65_536]) {
    Deno.test(`${title} (in chunks of up to ${chunkBytes} bytes)`, async () => {
      assertEquals(await allLines(chunksOf(encode(input), chunkBytes)), lines);
    });
  }
}

Deno.test("bytes that are not UTF-8 are replaced, and do no harm", async () => {
  assertEquals(await allLines([new Uint8Array([0x61, 0xff, 0xc3, 0x0a, 0x62])]), [
    line("a\ufffd\ufffd"),
    line("b"),
  ]);
});

Deno.test("the chunks of the bytes do not change the lines", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme", maxLength: 20 }).map((text) =>
          text.replace(/[\r\n\ufeff]/g, "")
        ),
      ),
      fc.array(fc.nat(7)),
      async (texts, cuts) => {
        const bytes = encode(texts.map((text) => `${text}\n`).join(""));
        const chunks: Uint8Array[] = [];
        let from = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(from, from += cut));
        chunks.push(bytes.subarray(from));
        assertEquals(await allLines(chunks), texts.map(line));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("lines that arrive early answer the next questions", async () => {
  const { input, type } = keyboard();
  type("2\nalice\n0\n");
  assertEquals(await input.next(), line("2"));
  assertEquals(await input.next(), line("alice"));
  assertEquals(await input.next(), line("0"));
  await input.close();
});

Deno.test("a cancelled question does not lose the line that arrives next", async () => {
  const { input, type } = keyboard();
  const controller = new AbortController();
  const question = input.next(controller.signal);
  type("hal");
  controller.abort(new Error("interrupted"));
  await assertRejects(() => question, Error, "interrupted");
  type("f\nrest\n");
  assertEquals(await input.next(), line("half"));
  assertEquals(await input.next(new AbortController().signal), line("rest"));
  await input.close();
});

Deno.test("an aborted signal takes no line", async () => {
  const { input, type } = keyboard();
  type("kept\n");
  await assertRejects(
    () => input.next(AbortSignal.abort(new Error("too late"))),
    Error,
    "too late",
  );
  assertEquals(await input.next(), line("kept"));
  await input.close();
});

Deno.test("a signal that is never aborted keeps no listener", async () => {
  const { input, type } = keyboard();
  const signal = new AbortController().signal;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (listeners--, remove(...args));
  for (let round = 0; round < 3; round++) {
    const question = input.next(signal);
    type("x\n");
    assertEquals(await question, line("x"));
  }
  assertEquals(listeners, 0);
  await input.close();
});

Deno.test("closing ends the open question and every later one", async () => {
  const { input } = keyboard();
  const question = input.next();
  await input.close();
  assertEquals(await question, { kind: "end" });
  assertEquals(await input.next(), { kind: "end" });
  await input.close();
});

Deno.test("after the end there is only the end", async () => {
  const input = new LineInput(ReadableStream.from([encode("1\n")]));
  assertEquals(await input.next(), line("1"));
  assertEquals(await input.next(), { kind: "end" });
  assertEquals(await input.next(), { kind: "end" });
});

Deno.test("an unreadable input throws a file error once", async () => {
  const failing = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("EIO")),
  });
  const input = new LineInput(failing);
  await assertRejects(() => input.next(), FileError, "read the input: EIO");
  assertEquals(await input.next(), { kind: "end" });
});

const typedLines: readonly { keys: string; text: string }[] = [
  { keys: "abc\r", text: "abc" },
  { keys: "abc\n", text: "abc" },
  { keys: "abc\x04", text: "abc" },
  { keys: "abx\x7fc\r", text: "abc" },
  { keys: "abx\bc\r", text: "abc" },
  { keys: "\x7f\x7fabc\r", text: "abc" },
  { keys: "wrong\x15abc\r", text: "abc" },
  { keys: "a\x1b[Db\x1b[3~\x1bOPc\r", text: "abc" },
  { keys: "a\tb\x01c\r", text: "abc" },
  { keys: "aé😀\x7fb\r", text: "aéb" },
];

for (const { keys, text } of typedLines) {
  Deno.test(`the keys ${JSON.stringify(keys)} are the line ${text}, however they arrive`, async () => {
    for (const size of [1, 2, 100]) {
      const input = new LineInput(ReadableStream.from(chunksOf(encode(keys), size)));
      assertEquals(await input.nextTyped(), line(text));
    }
  });
}

Deno.test("Ctrl-D on an empty line is the end, and the next line is read as before", async () => {
  const { input, type } = keyboard();
  type("\x04");
  assertEquals(await input.nextTyped(), { kind: "end" });
  type("a\rb\n");
  assertEquals(await input.next(), line("a\rb"));
  await input.close();
});

function line(text: string): LineResult {
  return { kind: "line", text };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function chunksOf(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / chunkBytes);
  return Array.from(
    { length: count },
    (_, at) => bytes.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  );
}

async function allLines(chunks: readonly Uint8Array[]): Promise<LineResult[]> {
  const input = new LineInput(ReadableStream.from(chunks));
  const lines: LineResult[] = [];
  for (let next = await input.next(); next.kind !== "end"; next = await input.next()) {
    lines.push(next);
  }
  return lines;
}

/** @returns an input that brings only what the test types */
function keyboard() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    undefined,
    new CountQueuingStrategy({ highWaterMark: 16 }),
  );
  const writer = writable.getWriter();
  return {
    input: new LineInput(readable),
    type: (text: string) => void writer.write(encode(text)).catch(() => {}),
  };
}
