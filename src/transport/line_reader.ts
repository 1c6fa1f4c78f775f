/**
 * Cuts a stream of bytes into lines. Never holds more than one line and one read; never trusts a newline to come.
 *
 * Stricter than `cli/line_input.ts`, which reads what a person types: a fault of the other side ends the connection here, and each line
 * has a deadline. There a line that is too long is passed over, a question can be given up, and a line may end in CR LF.
 */
import type { Clock } from "../clock.ts";
import { EnvelopeError, TimeoutError } from "../errors.ts";
import { lineBytesMax, lineTimeoutMs } from "../limits.ts";
import { type ByteStream, endpointText } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";

/** `end`: the other side closed, between two lines. `cut`: it closed in the middle of one. */
export type LineEvent =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "end" }
  | { readonly kind: "cut" };

const decoder = new TextDecoder("ascii");

const newline = 0x0a;
/** What a connection holds while nothing comes; grows with the line. */
const bufferBytesMin = 4 * 1024;
const bufferBytesMax = lineBytesMax + 1;

export class LineReader {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  /** Bytes from `#start` to `#end` came and were not handed out; up to `#scanned` there is no newline among them. */
  #buffer = new Uint8Array(bufferBytesMin);
  #start = 0;
  #scanned = 0;
  #end = 0;

  constructor(stream: ByteStream, { clock }: { clock: Clock }) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /**
   * The next line, without its newline. One call at a time. After anything but a line the stream is closed.
   *
   * @param idleTimeoutMs how long its first byte may take; for ever when absent
   * @throws {EnvelopeError} when a line is longer than `lineBytesMax` or is not printable ASCII, as every line of ours is
   * @throws {TimeoutError} when the first byte, or the newline `lineTimeoutMs` after it, does not come in time
   */
  async next({ idleTimeoutMs }: { idleTimeoutMs?: number | undefined } = {}): Promise<LineEvent> {
    const deadline = new Deadline(this.#clock, () => this.#stream.close());
    try {
      let wasEmpty: boolean | undefined;
      // No timer for a line that is there, and none for its end when all of it comes at once.
      for (;;) {
        const line = this.#take();
        if (line !== undefined) return { kind: "line", line };
        const isEmpty = this.#isEmpty();
        if (isEmpty !== wasEmpty) deadline.set(isEmpty ? idleTimeoutMs : lineTimeoutMs);
        wasEmpty = isEmpty;
        if (!await this.#fill()) return this.#ended(deadline);
      }
    } catch (error) {
      this.close();
      throw error;
    } finally {
      deadline.clear();
    }
  }

  /** Closes the stream and forgets what came and was not handed out: after a line that was refused, none is looked at. */
  close(): void {
    this.#stream.close();
    this.#start = this.#scanned = this.#end;
  }

  #isEmpty(): boolean {
    return this.#end === this.#start;
  }

  /** @returns a whole line if there is one */
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

  #ended(deadline: Deadline): LineEvent {
    this.#stream.close();
    if (!deadline.passed) return { kind: this.#isEmpty() ? "end" : "cut" };
    const fault = this.#isEmpty() ? "nothing came" : "a line was begun and not ended";
    throw new TimeoutError(`read from ${endpointText(this.#stream.remote)}: ${fault} in time`);
  }
}

/** JOSE's compact serialization is ASCII without spaces; what is not is refused before it is looked at any further. */
function decodeLine(bytes: Uint8Array): string {
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]! < 0x21 || bytes[at]! > 0x7e) {
      throw new EnvelopeError("read a line: a byte in it is not printable ASCII");
    }
  }
  return decoder.decode(bytes);
}
