/**
 * A server's output with a slow or stuck reader, or a full disk: lines keep their order, gaps are
 * noted, and nothing blocks.
 */
import { outputDrainMs, outputQueueBytesMax } from "../../../src/limits.ts";
import { assert, assertEquals } from "@std/assert";
import { OutputQueue } from "../../../src/cli/server/output_queue.ts";
import { ManualClock } from "../../manual_clock.ts";

/** A reader that takes bytes only when the test says so. */
class StubReader {
  text = "";
  /** Most bytes that it takes at a time. */
  takes = Infinity;
  readonly failures: unknown[] = [];
  readonly clock = new ManualClock();
  readonly queue = new OutputQueue({
    write: (bytes) => this.#write(bytes),
    clock: this.clock,
    leftOutLine: (lines) => `[${lines} left out]`,
    onFailure: (error) => this.failures.push(error),
  });
  #error: Error | undefined;
  #gate: PromiseWithResolvers<void> | undefined;

  stick(): void {
    this.#gate = Promise.withResolvers();
  }

  /** Takes the current write, and is stuck again. */
  async readBatch(): Promise<void> {
    const gate = this.#gate!;
    this.stick();
    gate.resolve();
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  }

  /** Reads until everything has arrived. */
  async readOn(): Promise<string> {
    this.#gate?.resolve();
    this.#gate = undefined;
    await this.queue.end();
    return this.text;
  }

  /** Takes so many bytes of the next write. That write fails, and so do later ones. */
  fail(after: number): void {
    this.takes = after;
    this.#error = new Error("No space left on device");
  }

  recover(): void {
    this.takes = Infinity;
    this.#error = undefined;
  }

  async #write(bytes: Uint8Array): Promise<number> {
    await this.#gate?.promise;
    if (this.takes === 0 && this.#error) throw this.#error;
    const taken = bytes.subarray(0, this.takes);
    if (this.#error) this.takes = 0;
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }
}

/** @returns a line of so many bytes, its end included */
const lineOf = (bytes: number, letter = "x") => letter.repeat(bytes - 1);

Deno.test("output: lines are written in order and whole, however few bytes a write takes", async () => {
  const reader = new StubReader();
  reader.takes = 3;
  const lines = Array.from({ length: 100 }, (_, number) => `line ${number}`);
  for (const line of lines) reader.queue.print(line);
  assertEquals(await reader.readOn(), `${lines.join("\n")}\n`);
});

Deno.test("output: with a stuck reader the queue fills up to its limit; one more line is omitted, and a note takes its place", async () => {
  const reader = new StubReader();
  reader.stick();
  reader.queue.print(lineOf(outputQueueBytesMax - 10, "a"));
  reader.queue.print(lineOf(10, "b"));
  for (let count = 0; count < 7; count++) reader.queue.print("");
  const text = await reader.readOn();
  assertEquals(text.length, outputQueueBytesMax + "[7 left out]\n".length);
  assert(text.endsWith(`a\n${lineOf(10, "b")}\n[7 left out]\n`));
  reader.queue.print("as before");
  assert((await reader.readOn()).endsWith("[7 left out]\nas before\n"));
});

Deno.test("output: after an omitted line, further ones are omitted until half of the queue is written", async () => {
  const reader = new StubReader();
  const half = outputQueueBytesMax / 2;
  reader.stick();
  reader.queue.print(lineOf(half, "a"));
  reader.queue.print(lineOf(half, "b"));
  reader.queue.print("c");
  await reader.readBatch();
  reader.queue.print("d");
  await reader.readBatch();
  reader.queue.print("e");
  assertEquals((await reader.readOn()).replace(/([ab])\1+/g, "$1"), "a\nb\n[2 left out]\ne\n");
  assertEquals(reader.failures, []);
});

Deno.test("output: lines that could not be written are omitted with a note, and a cut line is ended", async () => {
  const reader = new StubReader();
  reader.fail(3);
  reader.queue.print("first");
  await reader.queue.end();
  for (const line of ["second", "third"]) {
    reader.queue.print(line);
    await reader.queue.end();
  }
  assertEquals([reader.text, reader.failures.length], ["fir", 1]);
  reader.recover();
  reader.queue.print("fourth");
  assertEquals(await reader.readOn(), "fir\n[3 left out]\nfourth\n");
  reader.fail(0);
  reader.queue.print("fifth");
  await reader.queue.end();
  assertEquals(reader.failures.length, 2);
  reader.recover();
  assertEquals(await reader.readOn(), "fir\n[3 left out]\nfourth\n[1 left out]\n");
});

Deno.test("output: the end waits for the queue, but only so long for a stuck reader", async () => {
  const reader = new StubReader();
  await reader.queue.end();
  reader.stick();
  reader.queue.print("never read");
  let hasEnded = false;
  const end = reader.queue.end().then(() => hasEnded = true);
  reader.clock.advance(outputDrainMs - 1);
  await Promise.resolve();
  assertEquals(hasEnded, false);
  reader.clock.advance(1);
  await end;
  assertEquals([reader.text, reader.clock.pending], ["", 0]);
});
