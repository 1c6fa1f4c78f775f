/**
 * The standard output of a server, which nobody may read: a pager, a stopped terminal, a log that is stuck. Lines wait here and are written
 * beside everything else, in order; a write that held up the program would hold up its deadlines and signals, too.
 */
import { outputBatchBytesMax, outputDrainMs, outputQueueBytesMax } from "../../limits.ts";
import type { Clock } from "../../clock.ts";

export interface OutputQueueOptions {
  /** Writes some of the bytes without holding anything up, and says how many. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly clock: Clock;
  /** The line that says how many are missing in its place. */
  readonly leftOutLine: (lines: number) => string;
  /** Told of the first write that fails, and of the first one after one that did not. */
  readonly onFailure: (error: unknown) => void;
}

/** A line, or a place where some are missing. */
type Piece = { readonly bytes: Uint8Array } | { leftOut: number };

interface Batch {
  readonly bytes: Uint8Array;
  /** Where in the bytes each piece ends, and how many lines are missing when it is not written so far. */
  readonly ends: readonly { readonly at: number; readonly lines: number }[];
  /** Of the bytes, how many are lines that waited. */
  readonly waited: number;
}

export class OutputQueue {
  readonly #options: OutputQueueOptions;
  #pieces: Piece[] = [];
  /** Of lines that wait or are being written. */
  #bytes = 0;
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** Whether a write failed within a line. */
  #isMidLine = false;

  constructor(options: OutputQueueOptions) {
    this.#options = options;
  }

  /** Takes a line, or leaves it out when too many bytes wait already. Never throws. */
  print(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    const last = this.#pieces.at(-1);
    // Once lines are left out, the next ones are until half of the bytes are written: one gap is told, not one after every line.
    const isGap = last !== undefined && "leftOut" in last;
    const room = outputQueueBytesMax / (isGap ? 2 : 1) - this.#bytes;
    if (bytes.length <= room) {
      this.#pieces.push({ bytes });
      this.#bytes += bytes.length;
    } else if (isGap) last.leftOut++;
    else this.#pieces.push({ leftOut: 1 });
    this.#start();
  }

  /** Writes what waits, for {@link outputDrainMs} at the most: a reader that is stuck must not keep the process from ending. */
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

  /** Until nothing waits, or a write fails: the next line tries again. */
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
    return { bytes: joined(taken, at), ends, waited };
  }

  /** @returns whether it was written */
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

  /** Says at the head of what waits that lines are missing there. */
  #putGap(lines: number): void {
    const [first] = this.#pieces;
    if (first && "leftOut" in first) first.leftOut += lines;
    else this.#pieces.unshift({ leftOut: lines });
  }
}

const newline = "\n".charCodeAt(0);

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
