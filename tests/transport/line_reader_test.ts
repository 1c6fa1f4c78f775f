/**
 * Lines from bytes in any pieces: within their limits, in time, and with bounded memory.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { EnvelopeError, TimeoutError } from "../../src/errors.ts";
import { lineBytesMax, lineTimeoutMs } from "../../src/limits.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { type LineEvent, LineReader } from "../../src/transport/line_reader.ts";
import { ManualClock } from "../manual_clock.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { anyPort, ascii, connectTo, settled } from "./streams.ts";

async function readerOf(clock = new ManualClock()) {
  const network = new MemoryNetwork({ pipeBytes: 1024 * 1024 });
  const { near, far } = await connectTo(network, network.listen(anyPort));
  return { near, far, clock, reader: new LineReader(far, { clock }) };
}

async function linesOf(writes: readonly Uint8Array[]): Promise<LineEvent[]> {
  const { near, reader, clock } = await readerOf();
  for (const bytes of writes) await near.write(bytes);
  near.close();
  const events: LineEvent[] = [];
  do events.push(await reader.next({ idleTimeoutMs: 1 })); while (events.at(-1)!.kind === "line");
  assertEquals(clock.pending, 0);
  return events;
}

const line = (text: string): LineEvent => ({ kind: "line", line: text });

const streams: readonly { readonly bytes: string; readonly events: readonly LineEvent[] }[] = [
  { bytes: "", events: [{ kind: "end" }] },
  { bytes: "\n", events: [line(""), { kind: "end" }] },
  { bytes: "one\n", events: [line("one"), { kind: "end" }] },
  {
    bytes: "one\ntwo\n\nfour\n",
    events: [line("one"), line("two"), line(""), line("four"), { kind: "end" }],
  },
  { bytes: "one", events: [{ kind: "cut" }] },
  { bytes: "one\ntw", events: [line("one"), { kind: "cut" }] },
];

for (const { bytes, events } of streams) {
  const shown = JSON.stringify(bytes);
  Deno.test(`${shown} reads the same at once and byte by byte`, async () => {
    assertEquals(await linesOf([ascii(bytes)]), events);
    assertEquals(await linesOf([...bytes].map(ascii)), events);
  });

  Deno.test(`${shown} reads the same in every split in two`, async () => {
    for (let at = 1; at < bytes.length; at++) {
      assertEquals(await linesOf([ascii(bytes.slice(0, at)), ascii(bytes.slice(at))]), events);
    }
  });
}

Deno.test("property: any lines in any pieces are read as written", async () => {
  const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  const text = fc.string({ unit: character, maxLength: 9000 });
  const cuts = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 6 }), cuts, async (lines, sizes) => {
      const bytes = ascii(lines.map((one) => `${one}\n`).join(""));
      const writes: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        writes.push(bytes.subarray(at, at += size));
      }
      assertEquals(await linesOf(writes), [...lines.map(line), { kind: "end" }]);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a line at the limit is read, whatever precedes it in the same read", async () => {
  const longest = "a".repeat(lineBytesMax);
  for (const before of ["", "x\n", "x".repeat(5000) + "\n"]) {
    const events = await linesOf([ascii(`${before}${longest}\n${longest}\nend\n`)]);
    assertEquals(events.map((event) => event.kind === "line" ? event.line.length : event.kind), [
      ...(before ? [before.length - 1] : []),
      lineBytesMax,
      lineBytesMax,
      3,
      "end",
    ]);
  }
});

for (
  const { what, bytes } of [
    { what: "with its newline", bytes: `${"a".repeat(lineBytesMax + 1)}\n` },
    { what: "before its newline has come", bytes: "a".repeat(lineBytesMax + 1) },
  ]
) {
  Deno.test(`a line one past the limit is refused ${what}, and the stream closed`, async () => {
    const { near, far, reader } = await readerOf();
    await near.write(ascii(`short\n${bytes}`));
    assertEquals(await reader.next(), line("short"));
    await assertRejects(() => reader.next(), EnvelopeError, "a line is longer than 65536 bytes");
    assertEquals(await far.read(new Uint8Array(1)), null);
    assertEquals(await near.read(new Uint8Array(1)), null);
  });
}

Deno.test("an endless line is refused at the limit, not later", async () => {
  let taken = 0;
  let isClosed = false;
  const endless: ByteStream = {
    local: anyPort,
    remote: anyPort,
    read(buffer) {
      taken += buffer.length;
      return Promise.resolve(isClosed ? null : buffer.fill(0x61).length);
    },
    write: () => Promise.resolve(),
    close: () => isClosed = true,
  };
  const reader = new LineReader(endless, { clock: new ManualClock() });
  await assertRejects(() => reader.next(), EnvelopeError);
  // Each read goes into the reader's buffer, so this is all that it ever held.
  assertEquals(taken, lineBytesMax + 1);
  assert(isClosed);
});

for (
  const [what, byte] of Object.entries({
    "a carriage return": 0x0d,
    "a NUL": 0x00,
    "a space": 0x20,
    "a tab": 0x09,
    "an escape": 0x1b,
    "a DEL": 0x7f,
    "the first byte of a UTF-8 letter": 0xc3,
    "0xff": 0xff,
  })
) {
  Deno.test(`${what} in a line is refused in any place`, async () => {
    for (const at of [0, 1, 2]) {
      const { near, far, reader } = await readerOf();
      const bytes = ascii("ab");
      await near.write(Uint8Array.of(...bytes.slice(0, at), byte, ...bytes.slice(at), 0x0a));
      await assertRejects(() => reader.next(), EnvelopeError, "not printable ASCII");
      assertEquals(await far.read(new Uint8Array(1)), null);
    }
  });
}

Deno.test("an HTTP request is refused", async () => {
  const { near, reader } = await readerOf();
  await near.write(ascii("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"));
  await assertRejects(() => reader.next(), EnvelopeError);
});

Deno.test("a line may start until the time-out, and not later", async () => {
  for (const [waitMs, isInTime] of [[999, true], [1000, false]] as const) {
    const { near, far, clock, reader } = await readerOf();
    const next = reader.next({ idleTimeoutMs: 1000 });
    const outcome = next.then((event) => event.kind, (error) => error);
    clock.advance(waitMs);
    await settled();
    if (isInTime) {
      await near.write(ascii("a\n"));
      assertEquals(await outcome, "line");
    } else {
      const error = await outcome;
      assert(error instanceof TimeoutError);
      assert(error.message.endsWith("nothing came in time"));
      assertEquals(await far.read(new Uint8Array(1)), null);
    }
    assertEquals(clock.pending, 0);
  }
});

Deno.test("without a time-out a line may start at any time", async () => {
  const { near, clock, reader } = await readerOf();
  const next = reader.next();
  assertEquals(clock.pending, 0);
  clock.advance(1e9);
  await near.write(ascii("a\n"));
  assertEquals(await next, line("a"));
});

Deno.test("a started line has its own time to end, however slowly its bytes arrive", async () => {
  const { near, clock, reader } = await readerOf();
  const next = reader.next({ idleTimeoutMs: 1000 });
  const outcome = next.then((event) => event.kind, (error) => error);
  clock.advance(999);
  for (let step = 0; step < 3; step++) {
    await near.write(ascii("a"));
    await settled();
    assertEquals(clock.nextDelayMs, lineTimeoutMs - step * 9000);
    clock.advance(9000);
  }
  clock.advance(lineTimeoutMs - 27_000 - 1);
  await settled();
  assertEquals(clock.pending, 1);
  clock.advance(1);
  const error = await outcome;
  assert(error instanceof TimeoutError);
  assert(error.message.endsWith("a line was begun and not ended in time"));
});

Deno.test("a line in one piece sets one timer, and a buffered line sets none", async () => {
  const { near, clock, reader } = await readerOf();
  let timers = 0;
  const schedule = clock.schedule.bind(clock);
  clock.schedule = (...given) => {
    timers++;
    return schedule(...given);
  };
  const first = reader.next({ idleTimeoutMs: 1000 });
  await near.write(ascii("a\nb\n"));
  assertEquals(await first, line("a"));
  assertEquals(timers, 1);
  assertEquals(await reader.next({ idleTimeoutMs: 1000 }), line("b"));
  assertEquals(timers, 1);
});

Deno.test("a buffered line is read after the time-out too", async () => {
  const { near, clock, reader } = await readerOf();
  await near.write(ascii("a\nb\nc"));
  await reader.next();
  const second = reader.next({ idleTimeoutMs: 0 });
  assertEquals(await second, line("b"));
  const third = reader.next({ idleTimeoutMs: 0 });
  const rejected = assertRejects(() => third, TimeoutError, "a line was begun");
  await settled();
  assertEquals(clock.nextDelayMs, lineTimeoutMs);
  clock.advance(lineTimeoutMs);
  await rejected;
});
