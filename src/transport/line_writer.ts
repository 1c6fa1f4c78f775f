/**
 * Writes lines one after the other, in the order they were handed over, and bounded: who does not read is dropped.
 */
import type { Clock } from "../clock.ts";
import { ClosedError } from "../errors.ts";
import { sendQueueMessagesMax, writeTimeoutMs } from "../limits.ts";
import { type ByteStream, endpointText } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";

export class LineWriter {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  #queued = 0;
  /** Why the connection was closed here: no line is made any more, for making one costs more than writing it. */
  #fault: string | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(stream: ByteStream, { clock }: { clock: Clock }) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /**
   * Makes a line and writes it after all lines before it.
   *
   * @param make is called at once, so that lines are begun in the order they are written and a line that is made is not waited for by
   * the making of the next; not called when the connection was closed here
   * @throws {ClosedError} when the connection is closed, when the line is not taken within `writeTimeoutMs`, or when
   * `sendQueueMessagesMax` lines wait already; the connection is closed then
   * @throws what `make` throws; the connection is closed then too, for a line is missing
   */
  write(make: () => Promise<string>): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#closed(this.#fault));
    if (this.#queued >= sendQueueMessagesMax) {
      return Promise.reject(this.#close(`${this.#queued} messages wait and are not read`));
    }
    this.#queued++;
    const line = make();
    // Whoever waits for the line is told; before it is its turn nobody does.
    line.catch(() => {});
    const written = this.#last.then(() => this.#writeNow(line)).finally(() => this.#queued--);
    this.#last = written.catch(() => {});
    return written;
  }

  /** Resolves when all that was handed over is written, or can no longer be. */
  drained(): Promise<void> {
    return this.#last;
  }

  async #writeNow(line: Promise<string>): Promise<void> {
    if (this.#fault !== undefined) throw this.#closed(this.#fault);
    const deadline = new Deadline(this.#clock, () => this.#stream.close());
    try {
      const bytes = new TextEncoder().encode(`${await line}\n`);
      deadline.set(writeTimeoutMs);
      await this.#stream.write(bytes);
    } catch (error) {
      if (deadline.passed) throw this.#close("a message was not taken in time");
      this.#close("a message before it could not be written");
      throw error;
    } finally {
      deadline.clear();
    }
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
