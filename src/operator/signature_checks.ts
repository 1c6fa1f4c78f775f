/**
 * Signatures of entries, checked beside everything else: they are half of the work of an audit, and on a second thread cost no time.
 */
import { firstForged, type SignedText } from "./signature_batch.ts";

/** Entries in a batch. A ledger with fewer is done before a thread has started, and needs none. */
const batchEntries = 500;

/** Batches that may wait for the thread, so that memory stays the same where it is slower. About 1 MB each. */
const waitingBatchesMax = 8;

interface Batch {
  /** Number of its first entry. */
  readonly first: number;
  readonly texts: SignedText[];
}

export class SignatureChecks implements Disposable {
  readonly #batchEntries: number;
  #batch: Batch | undefined;
  #thread: Worker | undefined;
  /** Batches that the thread has not answered yet, oldest first: it answers them in their order. */
  readonly #waiting: (PromiseWithResolvers<void> & { readonly first: number })[] = [];
  #forged: number | undefined;

  constructor(options: { batchEntries?: number } = {}) {
    this.#batchEntries = options.batchEntries ?? batchEntries;
  }

  /** The first entry whose signature is known to be forged, among those that were looked at so far. */
  get forged(): number | undefined {
    return this.#forged;
  }

  /** To be called with the entries in their order, each with the number after the one before. */
  async add(entry: number, text: SignedText): Promise<void> {
    this.#batch ??= { first: entry, texts: [] };
    this.#batch.texts.push(text);
    if (this.#batch.texts.length < this.#batchEntries) return;
    this.#hand(this.#batch);
    this.#batch = undefined;
    if (this.#waiting.length >= waitingBatchesMax) await this.#waiting[0]!.promise;
  }

  /**
   * Looks at all that were added.
   *
   * @returns the first entry whose signature is forged
   */
  async settle(): Promise<number | undefined> {
    while (this.#waiting.length > 0) await this.#waiting[0]!.promise;
    if (this.#batch) this.#note(this.#batch.first, firstForged(this.#batch.texts));
    this.#batch = undefined;
    return this.#forged;
  }

  [Symbol.dispose](): void {
    this.#thread?.terminate();
  }

  #hand({ first, texts }: Batch): void {
    this.#thread ??= this.#start();
    const answered = Promise.withResolvers<void>();
    // Whoever waits for it is told; when nobody does, the next one who asks is.
    answered.promise.catch(() => {});
    this.#waiting.push({ first, ...answered });
    this.#thread.postMessage(texts);
  }

  #start(): Worker {
    const thread = new Worker(new URL("./signature_thread.ts", import.meta.url), {
      type: "module",
    });
    thread.onmessage = ({ data }: MessageEvent<number>) => {
      const { first, resolve } = this.#waiting.shift()!;
      this.#note(first, data);
      resolve();
    };
    thread.onerror = (event) => {
      event.preventDefault();
      const failure = new Error(`check signatures: the thread ended: ${event.message}`);
      for (const { reject } of this.#waiting) reject(failure);
    };
    return thread;
  }

  #note(first: number, place: number): void {
    if (place >= 0) this.#forged ??= first + place;
  }
}
