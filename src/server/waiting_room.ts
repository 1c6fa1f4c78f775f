/**
 * The time between a connection's arrival and its turn: it is told its place, and nothing is read from it but its going away.
 */
import type { Clock } from "../clock.ts";
import type { ByteStream, Endpoint } from "../transport/byte_stream.ts";
import { LineWriter } from "../transport/line_writer.ts";
import type { Ticket } from "./admission.ts";
import type { WaitingNotices } from "./waiting_notices.ts";

/**
 * Waits for the ticket's turn and tells the other side each place it has.
 *
 * @returns the connection to be served, or `undefined` when it went away before its turn
 */
export async function waitForTurn(
  stream: ByteStream,
  ticket: Ticket,
  { notices, clock }: { notices: WaitingNotices; clock: Clock },
): Promise<ByteStream | undefined> {
  const watched = new WatchedStream(stream);
  const writer = new LineWriter(stream, { clock });
  // Places that pass while a line is being written are left out: a slow reader is told the newest, not all of them.
  while (ticket.place > 0) {
    const { place } = ticket;
    try {
      await writer.write(() => notices.place(place));
    } catch {
      return undefined;
    }
    await Promise.race([ticket.moved(place), watched.gone]);
    if (watched.isGone) return undefined;
  }
  return watched;
}

/** Tells a connection that there is no place for it, and closes it. */
export async function turnAway(
  stream: ByteStream,
  { notices, clock }: { notices: WaitingNotices; clock: Clock },
): Promise<void> {
  const writer = new LineWriter(stream, { clock });
  try {
    await writer.write(() => notices.full());
  } catch {
    // It is gone already; that was the aim.
  }
  stream.close();
}

/**
 * A stream that is read ahead by a little, so that its end is noticed while nobody wants its bytes. What came early is handed
 * out first.
 */
class WatchedStream implements ByteStream {
  isGone = false;
  readonly gone: Promise<void>;
  readonly #stream: ByteStream;
  #early: Promise<Uint8Array<ArrayBuffer> | null> | undefined;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    this.#early = this.#readAhead(resolve);
  }

  get local(): Endpoint {
    return this.#stream.local;
  }

  get remote(): Endpoint {
    return this.#stream.remote;
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (!this.#early) return await this.#stream.read(buffer);
    const early = await this.#early;
    this.#early = undefined;
    if (early === null) return null;
    // Smaller than any buffer that is read into, so nothing is left over.
    buffer.set(early);
    return early.length;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#stream.write(bytes);
  }

  close(): void {
    this.#stream.close();
  }

  async #readAhead(goAway: () => void): Promise<Uint8Array<ArrayBuffer> | null> {
    const buffer = new Uint8Array(64);
    const count = await this.#stream.read(buffer);
    if (count !== null) return buffer.subarray(0, count);
    this.isGone = true;
    goAway();
    return null;
  }
}
