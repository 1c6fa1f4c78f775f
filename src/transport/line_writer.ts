/**
 * Writes lines one after the other, in the order they were handed over, and bounded: who does not read is dropped.
 */
import type { Clock } from "../clock.ts";
import { ClosedError } from "../errors.ts";
import { lineBytesMax, sendQueueMessagesMax, writeTimeoutMs } from "../limits.ts";
import { type ByteStream, endpointText } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";

const encoder = new TextEncoder();

/** A line that was handed over and is not written. */
interface Waiting {
  readonly line: Promise<string>;
  /** The line, when it is made. */
  made?: string;
  readonly settle: PromiseWithResolvers<void>;
}

export class LineWriter {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  /** Why the connection was closed here: no line is made any more, for making one costs more than writing it. */
  #fault: string | undefined;
  #writing: Promise<void> | undefined;
  /** Settles with each line that is being made. */
  readonly #making = new Set<Promise<void>>();

  constructor(stream: ByteStream, { clock }: { clock: Clock }) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /**
   * Makes a line and writes it after all lines before it.
   *
   * @param make is called at once, so that lines are begun in the order they are written, and none waits for another to be made; not
   * called when the connection was closed here
   * @throws {ClosedError} when the connection is closed, when the line is not taken within `writeTimeoutMs`, or when
   * `sendQueueMessagesMax` lines wait already; the connection is closed then
   * @throws what `make` throws; the connection is closed then too, for a line is missing
   */
  write(make: () => Promise<string>): Promise<void> {
    const written = this.#write(make);
    // Not everybody waits for it: who reads from the connection finds out that it is over.
    written.catch(() => {});
    return written;
  }

  /**
   * Resolves when few lines wait for one that is just being made, so that nobody who reads is dropped for what takes long here. Does not
   * wait for anybody to read.
   */
  async waitForRoom(): Promise<void> {
    for (let first; (first = this.#waiting[0]) !== undefined && first.made === undefined;) {
      if (this.#waiting.length < sendQueueMessagesMax / 2 || this.#fault !== undefined) return;
      await first.line.catch(() => {});
    }
  }

  /** Resolves when all that was handed over is written, or can no longer be. */
  async drain(): Promise<void> {
    await this.#writing;
  }

  /** Resolves when no line is being made any more, whether it can still be written or not. */
  async finishMaking(): Promise<void> {
    await Promise.all(this.#making);
  }

  #write(make: () => Promise<string>): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#closed(this.#fault));
    if (this.#waiting.length >= sendQueueMessagesMax) {
      return Promise.reject(this.#close(`${this.#waiting.length} messages wait and are not read`));
    }
    const waiting: Waiting = { line: make(), settle: Promise.withResolvers() };
    // One that cannot be made is found out when it is its turn.
    const made = waiting.line.then((line) => void (waiting.made = line), () => {});
    this.#making.add(made);
    made.then(() => this.#making.delete(made));
    this.#waiting.push(waiting);
    this.#writing ??= this.#writeAll();
    return waiting.settle.promise;
  }

  async #writeAll(): Promise<void> {
    for (let first; (first = this.#waiting[0]) !== undefined;) {
      try {
        const count = await this.#writeMade(first);
        for (const { settle } of this.#waiting.splice(0, count)) settle.resolve();
      } catch (error) {
        this.#waiting.shift();
        first.settle.reject(error);
      }
    }
    this.#writing = undefined;
  }

  /** @returns how many lines were written, 1 or more */
  async #writeMade(first: Waiting): Promise<number> {
    if (this.#fault !== undefined) throw this.#closed(this.#fault);
    const deadline = new Deadline(this.#clock, () => this.#stream.close());
    try {
      await first.line;
      const lines = this.#madeLines();
      deadline.set(writeTimeoutMs);
      await this.#stream.write(encoder.encode(lines.join("")));
      return lines.length;
    } catch (error) {
      if (deadline.passed) throw this.#close("a message was not taken in time");
      this.#close("a message before it could not be written");
      throw error;
    } finally {
      deadline.clear();
    }
  }

  /**
   * The lines from the first one on that are made: they are written together, or more could be made while one is written than one. No more
   * than the longest line, so that nobody has to read any faster than for that one.
   */
  #madeLines(): string[] {
    const lines: string[] = [];
    let length = 0;
    for (const { made } of this.#waiting) {
      length += made?.length ?? 0;
      if (made === undefined || (lines.length > 0 && length > lineBytesMax)) break;
      lines.push(`${made}\n`);
    }
    return lines;
  }

  #close(fault: string): ClosedError {
    this.#fault ??= fault;
    this.#stream.close();
    return this.#closed(fault);
  }

  #closed(fault: string): ClosedError {
    return new ClosedError(`write to ${endpointText(this.#stream.remote)}: ${fault}`);
  }
}
