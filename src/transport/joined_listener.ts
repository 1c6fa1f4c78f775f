/** Joins several listeners into one. */
import type { ByteStream, Endpoint, Listener } from "./byte_stream.ts";

type Arrival =
  | { readonly from: Listener; readonly stream: ByteStream | null }
  | { readonly from: Listener; readonly error: unknown };

/**
 * Accepts from several listeners in turn, so that a flood on one does not starve another. One
 * `accept` call at a time.
 */
export class JoinedListener implements Listener {
  readonly endpoint: Endpoint;
  readonly #listeners: readonly Listener[];
  /** Listeners without a pending accept. */
  readonly #idle: Set<Listener>;
  /** Arrivals that no `accept` took yet, at most one for each listener. */
  readonly #arrived: Arrival[] = [];
  #isClosed = false;
  #wake: () => void = () => {};

  /** @param listeners the first one's endpoint becomes the endpoint of all */
  constructor(listeners: readonly [Listener, ...Listener[]]) {
    this.endpoint = listeners[0].endpoint;
    this.#listeners = listeners;
    this.#idle = new Set(listeners);
  }

  async accept(): Promise<ByteStream | null> {
    if (this.#isClosed) return null;
    for (const listener of this.#idle) this.#await(listener);
    this.#idle.clear();
    if (this.#arrived.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const arrival = this.#arrived.shift();
    if (!arrival) return null;
    this.#idle.add(arrival.from);
    if ("error" in arrival) throw arrival.error;
    return arrival.stream;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.close();
    for (const arrival of this.#arrived.splice(0)) release(arrival);
    this.#wake();
  }

  async #await(from: Listener): Promise<void> {
    const arrival = await from.accept().then(
      (stream): Arrival => ({ from, stream }),
      (error): Arrival => ({ from, error }),
    );
    if (this.#isClosed) return release(arrival);
    this.#arrived.push(arrival);
    this.#wake();
  }
}

/** Closes a connection that no `accept` will take. */
function release(arrival: Arrival): void {
  if ("stream" in arrival) arrival.stream?.close();
}
