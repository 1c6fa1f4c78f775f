/** Writes lines in order through a bounded queue. A peer that does not read is disconnected. */
import type { Clock } from "../clock.ts";
import { ClosedError } from "../errors.ts";
import { lineBytesMax, sendQueueMessagesMax, writeTimeoutMs } from "../limits.ts";
import { type ByteStream, endpointText } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";

const encoder = new TextEncoder();

interface Waiting {
  readonly line: Promise<string>;
  /** The line, once it is made. */
  made?: string;
  readonly settle: PromiseWithResolvers<void>;
}

/** Writes lines to a stream. Each line is made by a promise, such as the sealing of a message. */
export class LineWriter {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  /** Why this side closed the connection. No line is made after that, because that is expensive. */
  #fault: string | undefined;
  #writing: Promise<void> | undefined;
  /** One promise for each line that is being made. */
  readonly #making = new Set<Promise<void>>();

  constructor(stream: ByteStream, { clock }: { clock: Clock }) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /**
   * Makes a line and writes it after all earlier ones.
   *
   * @param make makes the line without its newline. It is called at once, so that lines are made
   * concurrently. It is not called after this side closed the connection.
   * @throws {ClosedError} when the connection is closed, the line is not taken within
   * `writeTimeoutMs`, or `sendQueueMessagesMax` lines are queued. The connection is closed then.
   * @throws the error of `make`. The connection is closed then, because the peer would miss a line.
   */
  write(make: () => Promise<string>): Promise<void> {
    const written = this.#write(make);
    // Not every caller awaits the result. A reader of the connection notices its end.
    written.catch(() => {});
    return written;
  }

  /**
   * Resolves when the queue has room, or when the peer delays it. Slow making must not get a peer
   * disconnected.
   */
  async waitForRoom(): Promise<void> {
    for (let first; (first = this.#waiting[0]) !== undefined && first.made === undefined;) {
      if (this.#waiting.length < sendQueueMessagesMax / 2 || this.#fault !== undefined) return;
      await first.line.catch(() => {});
    }
  }

  /** Resolves when all queued lines are written, or cannot be. */
  async drain(): Promise<void> {
    await this.#writing;
  }

  /** Resolves when no line is being made any more, written or not. */
  async finishMaking(): Promise<void> {
    await Promise.all(this.#making);
  }

  #write(make: () => Promise<string>): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#closedError(this.#fault));
    if (this.#waiting.length >= sendQueueMessagesMax) {
      return Promise.reject(this.#close(`${this.#waiting.length} messages wait and are not read`));
    }
    const waiting: Waiting = { line: make(), settle: Promise.withResolvers() };
    // A failed line is handled when its turn comes.
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

  /** Writes the first line, together with the made lines after it. Returns how many. */
  async #writeMade(first: Waiting): Promise<number> {
    if (this.#fault !== undefined) throw this.#closedError(this.#fault);
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
   * Returns the made lines at the head of the queue, to write them together. Otherwise more lines
   * could be made than written. Their length is at most that of the longest line, so that no peer
   * has to read faster.
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
    return this.#closedError(fault);
  }

  #closedError(fault: string): ClosedError {
    return new ClosedError(`write to ${endpointText(this.#stream.remote)}: ${fault}`);
  }
}
