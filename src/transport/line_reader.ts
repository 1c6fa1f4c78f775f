/**
 * Splits a byte stream into lines. It holds at most one line and one read.
 *
 * `cli/line_input.ts` reads what a person types and is more lenient. Here an invalid line ends the
 * connection, and each line has a deadline.
 */
import { Buffer } from "node:buffer";
import type { Clock } from "../clock.ts";
import { EnvelopeError, TimeoutError } from "../errors.ts";
import { lineBytesMax, lineTimeoutMs } from "../limits.ts";
import { type ByteStream, endpointText } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";

/** A line, or the end of the stream: `end` between two lines, `cut` within one. */
export type LineEvent =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "end" }
  | { readonly kind: "cut" };

const newline = 0x0a;
/** Buffer size of an idle connection. It grows with the line. */
const bufferBytesMin = 4 * 1024;
const bufferBytesMax = lineBytesMax + 1;

/** Reads lines of printable ASCII from a stream, without their newlines. */
export class LineReader {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  /** Holds the received bytes from `#start` to `#end`. There is no newline before `#scanned`. */
  #buffer = new Uint8Array(bufferBytesMin);
  #start = 0;
  #scanned = 0;
  #end = 0;

  constructor(stream: ByteStream, { clock }: { clock: Clock }) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /**
   * Returns the next line. One call at a time. After anything but a line, the stream is closed.
   *
   * @param options.idleTimeoutMs longest wait for the first byte; unlimited when absent
   * @throws {EnvelopeError} when a line is longer than `lineBytesMax` or is not printable ASCII
   * @throws {TimeoutError} when the first byte is late, or the newline is later than
   * `lineTimeoutMs` after it
   */
  async next({ idleTimeoutMs }: { idleTimeoutMs?: number | undefined } = {}): Promise<LineEvent> {
    const deadline = new Deadline(this.#clock, () => this.#stream.close());
    try {
      let wasEmpty: boolean | undefined;
      // A line that is already here needs no timer. A line that arrives whole needs only one.
      for (;;) {
        const line = this.#take();
        if (line !== undefined) return { kind: "line", line };
        const isEmpty = this.#isEmpty();
        if (isEmpty !== wasEmpty) deadline.set(isEmpty ? idleTimeoutMs : lineTimeoutMs);
        wasEmpty = isEmpty;
        if (!await this.#fill()) return this.#endEvent(deadline);
      }
    } catch (error) {
      this.close();
      throw error;
    } finally {
      deadline.clear();
    }
  }

  /** Closes the stream and drops the unread bytes, because nothing may follow an invalid line. */
  close(): void {
    this.#stream.close();
    this.#start = this.#scanned = this.#end;
  }

  #isEmpty(): boolean {
    return this.#end === this.#start;
  }

  #take(): string | undefined {
    const at = this.#buffer.subarray(0, this.#end).indexOf(newline, this.#scanned);
    const length = (at === -1 ? this.#end : at) - this.#start;
    if (length > lineBytesMax) {
      throw new EnvelopeError(
        `read from ${
          endpointText(this.#stream.remote)
        }: a line is longer than ${lineBytesMax} bytes`,
      );
    }
    if (at === -1) {
      this.#scanned = this.#end;
      return undefined;
    }
    const line = decodeLine(this.#buffer.subarray(this.#start, at));
    this.#start = this.#scanned = at + 1;
    return line;
  }

  async #fill(): Promise<boolean> {
    this.#makeRoom();
    const count = await this.#stream.read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  #makeRoom(): void {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#scanned -= this.#start;
      this.#start = 0;
    }
    if (this.#end < this.#buffer.length) return;
    const larger = new Uint8Array(Math.min(2 * this.#buffer.length, bufferBytesMax));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #endEvent(deadline: Deadline): LineEvent {
    this.#stream.close();
    if (!deadline.passed) return { kind: this.#isEmpty() ? "end" : "cut" };
    const fault = this.#isEmpty() ? "nothing came" : "a line was begun and not ended";
    throw new TimeoutError(`read from ${endpointText(this.#stream.remote)}: ${fault} in time`);
  }
}

/** Decodes a line. Compact JOSE is ASCII without spaces; any other byte is refused at once. */
function decodeLine(bytes: Uint8Array): string {
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]! < 0x21 || bytes[at]! > 0x7e) {
      throw new EnvelopeError("read a line: a byte in it is not printable ASCII");
    }
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
