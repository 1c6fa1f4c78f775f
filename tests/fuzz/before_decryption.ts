/**
 * What any stranger can send before decryption. Bytes in pieces go through the real line reader.
 * Each line goes to the reader of the line that must come there.
 *
 * Must hold: the line reader returns what a model predicts, and never holds more than a line. Only
 * lines from an encoder are accepted, byte by byte. Every refusal is a documented error.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { announcedRoot } from "../../src/envelope/announced_root.ts";
import { CertificateError, EnvelopeError, messageOf, TimeoutError } from "../../src/errors.ts";
import { lineBytesMax, lineTimeoutMs } from "../../src/limits.ts";
import { LineReader } from "../../src/transport/line_reader.ts";
import { atMs } from "../envelope/vector_parties.ts";
import { ManualClock } from "../manual_clock.ts";
import { bytesOf, changedCompact, type CompactChange, compactChange } from "./compact_changes.ts";
import { FedStream, type StreamEnding } from "./fed_stream.ts";
import type { FuzzTarget } from "./fuzz_rounds.ts";
import { clearLines, type RealLine, sealedLines } from "./real_lines.ts";

type Sent =
  | { readonly as: "bytes"; readonly bytes: Uint8Array }
  | { readonly as: "letters"; readonly text: string }
  | { readonly as: "real" }
  | { readonly as: "changed"; readonly changes: readonly CompactChange[] }
  | { readonly as: "long"; readonly count: number };

interface Stream {
  /** Which real line has to come: what is sent is made from it. */
  readonly real: number;
  readonly sent: readonly Sent[];
  readonly newline: "\n" | "\r\n" | "\0\n";
  readonly ending: StreamEnding;
  /** Whether the last line has its newline. */
  readonly isEnded: boolean;
  readonly sizes: readonly number[];
}

// A greeting costs at least a signature check, and most sealed lines cost nothing. So there may be
// more sealed lines.
const realLines = [...clearLines, ...sealedLines];
const lines = realLines.map(({ line }) => line);

const sent: fc.Arbitrary<Sent> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      as: fc.constant("changed" as const),
      changes: fc.array(compactChange, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      as: fc.constant("bytes" as const),
      bytes: fc.uint8Array({ maxLength: 200 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      as: fc.constant("letters" as const),
      text: fc.stringMatching(/^[\w.-]{0,40}$/),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ as: "real" as const }) },
);
const long: fc.Arbitrary<Sent> = fc.record({
  as: fc.constant("long" as const),
  count: fc.integer({ min: lineBytesMax - 2, max: lineBytesMax + 4 }),
});

const streams: fc.Arbitrary<Stream> = fc.record({
  real: fc.nat({ max: lines.length - 1 }),
  sent: fc.oneof(
    { weight: 300, arbitrary: fc.array(sent, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(sent, long), { minLength: 1, maxLength: 3 }) },
  ),
  newline: fc.oneof(
    { weight: 20, arbitrary: fc.constant("\n" as const) },
    fc.constantFrom("\r\n" as const, "\0\n" as const),
  ),
  ending: fc.oneof(
    { weight: 20, arbitrary: fc.constant("close" as const) },
    { weight: 3, arbitrary: fc.constant("silence" as const) },
    { weight: 1, arbitrary: fc.constant("again" as const) },
  ),
  isEnded: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  sizes: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 50, max: 70_000 })), {
    minLength: 1,
    maxLength: 3,
  }).map((sizes) => [...sizes, 4096]),
});

export function beforeDecryption(): FuzzTarget<Stream> {
  return {
    inputs: streams,
    honest: {
      real: 0,
      sent: [{ as: "real" }],
      newline: "\n",
      ending: "close",
      isEnded: true,
      sizes: [4096],
    },
    round,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function round({ real, sent, newline, ending, isEnded, sizes }: Stream): Promise<string> {
  const expected = realLines[real]!;
  const bytes = joined(sent.map((one) => sentBytes(one, expected)), { newline, isEnded });
  const clock = new ManualClock(atMs);
  const onSilence = () => clock.advance(lineTimeoutMs);
  const stream = new FedStream(bytes, { sizes, ending, onSilence });
  const reader = new LineReader(stream, { clock });
  const model = modelOf(bytes, ending);
  let accepted = 0;
  let end = "";
  do {
    const event = await next(reader);
    assertEquals(event, model.next().value);
    if (!event.startsWith("line ")) end = event;
    else end = await read(event.slice("line ".length), expected);
    if (end === "accepted") accepted++;
    // Like a real reader, it reads nothing more after a refusal.
  } while (end === "accepted" && ending !== "again");
  reader.close();
  assertEquals(await next(reader), "end");
  assertEquals(clock.pending, 0);
  return accepted === 0 ? end : `accepted, then ${end}`;
}

function sentBytes(sent: Sent, { line }: RealLine): Uint8Array {
  switch (sent.as) {
    case "bytes":
      return sent.bytes;
    case "letters":
      return bytesOf(sent.text);
    case "real":
      return bytesOf(line);
    case "long":
      return new Uint8Array(sent.count).fill(0x61);
    case "changed": {
      const [first, second] = sent.changes;
      const once = changedCompact(line, first!, { lines });
      if (!second) return once;
      return changedCompact(new TextDecoder("latin1").decode(once), second, { lines });
    }
  }
}

function joined(
  pieces: readonly Uint8Array[],
  { newline, isEnded }: { newline: string; isEnded: boolean },
): Uint8Array {
  const between = bytesOf(newline);
  const all = pieces.flatMap((piece, at) =>
    at < pieces.length - 1 || isEnded ? [piece, between] : [piece]
  );
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of all) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** What the line reader has to say, by the plainest of means. */
function* modelOf(bytes: Uint8Array, ending: StreamEnding): Generator<string, string> {
  let rest = new TextDecoder("latin1").decode(bytes);
  // Without end: as often as it takes for a line to be over its limit, or for one that is refused.
  if (ending === "again" && rest !== "") {
    rest = rest.repeat(Math.ceil(2 * lineBytesMax / rest.length));
  }
  for (let at = rest.indexOf("\n"); at !== -1; at = rest.indexOf("\n")) {
    const line = rest.slice(0, at);
    if (line.length > lineBytesMax) return "EnvelopeError";
    yield /^[\x21-\x7e]*$/.test(line) ? `line ${line}` : "EnvelopeError";
    rest = rest.slice(at + 1);
  }
  if (rest.length > lineBytesMax) return "EnvelopeError";
  if (ending !== "close") return "TimeoutError";
  return rest === "" ? "end" : "cut";
}

async function next(reader: LineReader): Promise<string> {
  try {
    const event = await reader.next({ idleTimeoutMs: 1 });
    return event.kind === "line" ? `line ${event.line}` : event.kind;
  } catch (error) {
    if (error instanceof EnvelopeError || error instanceof TimeoutError) return error.name;
    throw error;
  }
}

/** @returns "accepted", or where it was refused */
async function read(line: string, expected: RealLine): Promise<string> {
  // Looks at what anybody says, and throws nothing.
  announcedRoot(line);
  try {
    await expected.read(line);
  } catch (error) {
    assert(
      error instanceof EnvelopeError || error instanceof CertificateError,
      `refused with ${error}`,
    );
    return endOf(error);
  }
  assert(line === expected.line, "another line than the one that was made is accepted");
  return "accepted";
}

/** The text of an error without its values. */
export function endOf(error: unknown): string {
  return messageOf(error).replace(/[\d"].*$/s, "…").slice(0, 70);
}
