/**
 * The standard output of a server. Its reader may be stuck: a pager, a stopped terminal, a full
 * log. So lines wait in this queue and are written in the background. A blocking write would stop
 * every timer and signal.
 */
import { Buffer } from "node:buffer";
import { outputBatchBytesMax, outputDrainMs, outputQueueBytesMax } from "../../limits.ts";
import type { Clock } from "../../clock.ts";

interface OutputQueueOptions {
  /** Writes some of the bytes without blocking, and returns how many. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly clock: Clock;
  readonly leftOutLine: (lines: number) => string;
  /** Gets the first error of a write, and the first one after a write that succeeded. */
  readonly onFailure: (error: unknown) => void;
}

/** A line, or a gap where lines were omitted. */
type Piece = { readonly bytes: Uint8Array } | { leftOut: number };

interface Batch {
  readonly bytes: Uint8Array;
  /** The end of each piece in the bytes, and how many lines are lost when it is not written. */
  readonly ends: readonly { readonly at: number; readonly lines: number }[];
  /** How many of the bytes count as waiting. */
  readonly waited: number;
}

export class OutputQueue {
  readonly #options: OutputQueueOptions;
  #pieces: Piece[] = [];
  /** Bytes that wait or are being written. */
  #bytes = 0;
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** Whether a write failed in the middle of a line. */
  #isMidLine = false;

  constructor(options: OutputQueueOptions) {
    this.#options = options;
  }

  /** Queues a line, or omits it when too many bytes wait. It never throws. */
  print(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    const last = this.#pieces.at(-1);
    // After an omitted line, further ones are omitted until half of the bytes are written. So the
    // log has one gap, not many.
    const isGap = last !== undefined && "leftOut" in last;
    const room = outputQueueBytesMax / (isGap ? 2 : 1) - this.#bytes;
    if (bytes.length <= room) {
      this.#pieces.push({ bytes });
      this.#bytes += bytes.length;
    } else if (isGap) last.leftOut++;
    else this.#pieces.push({ leftOut: 1 });
    this.#start();
  }

  /**
   * Writes the waiting lines for at most {@link outputDrainMs}, because a stuck reader must not
   * keep the process alive.
   */
  async end(): Promise<void> {
    this.#start();
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(outputDrainMs, late.resolve);
    await Promise.race([this.#written, late.promise]);
    cancel();
  }

  #start(): void {
    if (this.#isWriting || this.#pieces.length === 0) return;
    this.#isWriting = true;
    this.#written = this.#writeAll();
  }

  /** Writes until nothing waits or a write fails. The next line tries again. */
  async #writeAll(): Promise<void> {
    try {
      while (this.#pieces.length > 0 && await this.#writeBatch(this.#takeBatch()));
    } finally {
      this.#isWriting = false;
    }
  }

  #takeBatch(): Batch {
    const taken: Uint8Array[] = [];
    const ends: { at: number; lines: number }[] = [];
    let at = 0;
    let waited = 0;
    const add = (bytes: Uint8Array) => {
      taken.push(bytes);
      at += bytes.length;
    };
    if (this.#isMidLine) add(new TextEncoder().encode("\n"));
    let count = 0;
    while (count < this.#pieces.length && at < outputBatchBytesMax) {
      const piece = this.#pieces[count++]!;
      if ("leftOut" in piece) {
        add(new TextEncoder().encode(`${this.#options.leftOutLine(piece.leftOut)}\n`));
        ends.push({ at, lines: piece.leftOut });
      } else {
        add(piece.bytes);
        waited += piece.bytes.length;
        ends.push({ at, lines: 1 });
      }
    }
    this.#pieces.splice(0, count);
    return { bytes: Buffer.concat(taken), ends, waited };
  }

  /** @returns whether the whole batch was written */
  async #writeBatch({ bytes, ends, waited }: Batch): Promise<boolean> {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += await this.#options.write(bytes.subarray(written));
      }
      this.#isFailing = false;
      return true;
    } catch (error) {
      const missing = ends.filter(({ at }) => at > written).reduce(
        (sum, { lines }) => sum + lines,
        0,
      );
      this.#putGap(missing);
      if (!this.#isFailing) this.#options.onFailure(error);
      this.#isFailing = true;
      return false;
    } finally {
      this.#bytes -= waited;
      if (written > 0) this.#isMidLine = bytes[written - 1] !== newline;
    }
  }

  /** Puts a gap at the head of the queue. */
  #putGap(lines: number): void {
    const [first] = this.#pieces;
    if (first && "leftOut" in first) first.leftOut += lines;
    else this.#pieces.unshift({ leftOut: lines });
  }
}

const newline = "\n".charCodeAt(0);
