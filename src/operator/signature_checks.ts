/**
 * Signatures of entries, checked beside everything else: they are half of the work of an audit, and on a second thread cost no time.
 */
import { addToBatch, firstForged, type SignedText } from "./signature_batch.ts";
import type { AnsweredBatch, HandedBatch } from "./signature_thread.ts";

/** Some 400 entries. A ledger with fewer is done before a thread has started, and needs none. */
const batchBytes = 512 * 1024;

/** Batches at a time, in the thread or on the way: the thread has work while the next is filled, and memory stays the same where it is slower. */
const batchesMax = 4;

interface Batch {
  /** Numbers of its entries. */
  readonly numbers: number[];
  readonly memory: Uint8Array<ArrayBuffer>;
  length: number;
}

export class SignatureChecks implements Disposable {
  readonly #batchBytes: number;
  #batch: Batch | undefined;
  #thread: Worker | undefined;
  /** Batches that the thread has not answered yet, oldest first: it answers them in their order. */
  readonly #waiting: (PromiseWithResolvers<void> & Pick<Batch, "numbers">)[] = [];
  /** Memory that came back. */
  readonly #free: ArrayBuffer[] = [];
  #forged: number | undefined;

  /** @param options.batchBytes at least as much as the longest signed text with its key takes */
  constructor(options: { batchBytes?: number } = {}) {
    this.#batchBytes = options.batchBytes ?? batchBytes;
  }

  /** The first entry whose signature is known to be forged, among those that were looked at so far. */
  get forged(): number | undefined {
    return this.#forged;
  }

  /** To be called with the entries in their order. */
  async add(entry: number, text: SignedText): Promise<void> {
    if (this.#batch && this.#put(this.#batch, entry, text)) return;
    if (this.#batch) this.#hand(this.#batch);
    if (this.#waiting.length >= batchesMax) await this.#waiting[0]!.promise;
    const memory = new Uint8Array(this.#free.pop() ?? new ArrayBuffer(this.#batchBytes));
    this.#batch = { numbers: [], memory, length: 0 };
    if (!this.#put(this.#batch, entry, text)) {
      throw new RangeError("check signatures: a text is too long");
    }
  }

  /**
   * Looks at all that were added.
   *
   * @returns the first entry whose signature is forged
   */
  async settle(): Promise<number | undefined> {
    while (this.#waiting.length > 0) await this.#waiting[0]!.promise;
    if (this.#batch) {
      const { numbers, memory, length } = this.#batch;
      this.#note(numbers, firstForged(memory.subarray(0, length)));
    }
    this.#batch = undefined;
    return this.#forged;
  }

  [Symbol.dispose](): void {
    this.#thread?.terminate();
  }

  /** @returns whether there was room */
  #put(batch: Batch, entry: number, text: SignedText): boolean {
    const end = addToBatch(batch.memory, batch.length, text);
    if (end === undefined) return false;
    batch.length = end;
    batch.numbers.push(entry);
    return true;
  }

  #hand({ numbers, memory: { buffer: memory }, length }: Batch): void {
    this.#thread ??= this.#start();
    const answered = Promise.withResolvers<void>();
    // Whoever waits for it is told; when nobody does, the next one who asks is.
    answered.promise.catch(() => {});
    this.#waiting.push({ numbers, ...answered });
    const batch: HandedBatch = { memory, length };
    this.#thread.postMessage(batch, [memory]);
  }

  #start(): Worker {
    const thread = new Worker(new URL("./signature_thread.ts", import.meta.url), {
      type: "module",
    });
    thread.onmessage = ({ data: { memory, forged } }: MessageEvent<AnsweredBatch>) => {
      const { numbers, resolve } = this.#waiting.shift()!;
      this.#free.push(memory);
      this.#note(numbers, forged);
      resolve();
    };
    thread.onerror = (event) => {
      event.preventDefault();
      const failure = new Error(`check signatures: the thread ended: ${event.message}`);
      for (const { reject } of this.#waiting) reject(failure);
    };
    return thread;
  }

  #note(numbers: readonly number[], place: number): void {
    if (place >= 0) this.#forged ??= numbers[place];
  }
}
