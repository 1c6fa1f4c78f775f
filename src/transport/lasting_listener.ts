/**
 * A listener that stays open while one borrower after another accepts its connections. So a client
 * keeps its port while it has no server.
 */
import type { ByteStream, Endpoint, Listener } from "./byte_stream.ts";

export class LastingListener {
  readonly #listener: Listener;
  /** An accept under way. A borrower that closes leaves it to the next one. */
  #accepting: Promise<ByteStream | null> | undefined;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  get endpoint(): Endpoint {
    return this.#listener.endpoint;
  }

  /** Returns a listener whose `close` leaves this one open. Close it before you lend again. */
  lend(): Listener {
    const closed = Promise.withResolvers<"closed">();
    let isClosed = false;
    return {
      endpoint: this.endpoint,
      accept: async () => {
        if (isClosed) return null;
        const accepting = this.#accepting ??= this.#listener.accept();
        const forget = () => {
          if (this.#accepting === accepting) this.#accepting = undefined;
        };
        try {
          const accepted = await Promise.race([closed.promise, accepting]);
          if (accepted === "closed") return null;
          forget();
          return accepted;
        } catch (error) {
          forget();
          throw error;
        }
      },
      close: () => {
        isClosed = true;
        closed.resolve("closed");
      },
    };
  }

  /** Stops listening, and closes a connection that no borrower took. */
  close(): void {
    this.#listener.close();
    this.#accepting?.then((stream) => stream?.close(), () => {});
  }
}
