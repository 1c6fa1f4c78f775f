/**
 * A connection that delivers given bytes in pieces of given sizes, and then closes or falls silent.
 */
import { assert } from "@std/assert";
import { lineBytesMax } from "../../src/limits.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";

const nowhere = { host: "192.0.2.1", port: 1 };

/** How a stream goes on after its last byte. `again`: from the start again, without end. */
export type StreamEnding = "close" | "silence" | "again";

export class FedStream implements ByteStream {
  readonly local = nowhere;
  readonly remote = nowhere;
  readonly #bytes: Uint8Array;
  readonly #sizes: readonly number[];
  readonly #ending: StreamEnding;
  readonly #onSilence: () => void;
  #at = 0;
  #turn = 0;
  #isClosed = false;
  #waiting: ((count: null) => void) | undefined;

  /**
   * @param sizes of the pieces, used in turn
   * @param onSilence called when it is read from and nothing will come
   */
  constructor(
    bytes: Uint8Array,
    { sizes, ending, onSilence }: {
      sizes: readonly number[];
      ending: StreamEnding;
      onSilence: () => void;
    },
  ) {
    this.#bytes = bytes;
    this.#sizes = sizes;
    this.#ending = ending;
    this.#onSilence = onSilence;
  }

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    // All that its reader holds is what it reads into.
    assert(buffer.buffer.byteLength <= lineBytesMax + 1, "the reader holds more than a line");
    assert(buffer.length > 0, "the reader has no room");
    if (this.#isClosed) return Promise.resolve(null);
    if (this.#at === this.#bytes.length && this.#ending === "again") this.#at = 0;
    if (this.#at === this.#bytes.length) return this.#end();
    const size = this.#sizes[this.#turn++ % this.#sizes.length]!;
    const piece = this.#bytes.subarray(this.#at, this.#at + Math.min(size, buffer.length));
    buffer.set(piece);
    this.#at += piece.length;
    return Promise.resolve(piece.length);
  }

  write(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting?.(null);
  }

  #end(): Promise<null> {
    if (this.#ending === "close") return Promise.resolve(null);
    const silence = new Promise<null>((resolve) => this.#waiting = resolve);
    this.#onSilence();
    return silence;
  }
}
