/**
 * One direction of a connection in memory: a bounded queue of bytes with one writer and one reader.
 */

/**
 * Unread bytes that one direction holds before a write waits, about as many as socket buffers hold.
 */
export const pipeBytesDefault = 64 * 1024;

export class MemoryPipe {
  readonly #bytesMax: number;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #held = 0;
  /** The writer closed. The held bytes can still be read, then comes the end. */
  #isEnded = false;
  /** The reader closed. Nothing that is written will be read. */
  #isAbandoned = false;
  #waiters: (() => void)[] = [];
  /** Writes run one by one, so that their bytes never mix. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(bytesMax: number = pipeBytesDefault) {
    this.#bytesMax = bytesMax;
  }

  /** The unread bytes. */
  get held(): number {
    return this.#held;
  }

  /** @returns the number of bytes, at least one; `null` at the end */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    while (this.#held === 0 && !this.#isEnded && !this.#isAbandoned) await this.#changed();
    if (this.#isAbandoned || this.#held === 0) return null;
    const chunk = this.#chunks[0]!;
    const count = Math.min(chunk.length, buffer.length);
    buffer.set(chunk.subarray(0, count));
    if (count === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(count);
    this.#held -= count;
    this.#wake();
    return count;
  }

  /** @returns whether all bytes were taken, `false` when either side closed first */
  write(bytes: Uint8Array): Promise<boolean> {
    // A copy, because the bytes are taken in pieces and the writer may reuse its buffer.
    const own = bytes.slice();
    const written = this.#lastWrite.then(() => this.#writeNow(own));
    this.#lastWrite = written;
    return written;
  }

  /** Closes the writing side. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Closes the reading side. The held bytes are lost. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#chunks.length = 0;
    this.#held = 0;
    this.#wake();
  }

  async #writeNow(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    for (let rest = bytes; rest.length > 0;) {
      while (this.#held >= this.#bytesMax && !this.#isClosed()) await this.#changed();
      if (this.#isClosed()) return false;
      const taken = rest.subarray(0, this.#bytesMax - this.#held);
      this.#chunks.push(taken);
      this.#held += taken.length;
      rest = rest.subarray(taken.length);
      this.#wake();
    }
    return !this.#isClosed();
  }

  #isClosed(): boolean {
    return this.#isEnded || this.#isAbandoned;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
