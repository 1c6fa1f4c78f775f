/** Accepts connections until its listener closes, whatever single connections do. */
import type { CancelTimer, Clock } from "../clock.ts";
import { yieldToEventLoop } from "../yield_to_event_loop.ts";
import { acceptPauseMsMax, acceptPauseMsMin, acceptsPerTurn } from "../limits.ts";
import { type AcceptFault, AcceptFaults, isOutOfResources } from "./accept_fault.ts";
import type { ByteStream, Listener } from "./byte_stream.ts";

export interface AcceptorOptions {
  readonly clock: Clock;
  readonly onStream: (stream: ByteStream) => void;
  /** Receives reports of failed accepts, limited so that nobody can fill a log with them. */
  readonly onFault: (fault: AcceptFault) => void;
}

export class Acceptor {
  readonly #listener: Listener;
  readonly #options: AcceptorOptions;
  readonly #faults: AcceptFaults;
  #isClosed = false;
  #endPause: () => void = () => {};

  /** Starts to accept. {@link Acceptor.close} ends it. */
  constructor(listener: Listener, options: AcceptorOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#faults = new AcceptFaults({ clock: options.clock, tell: options.onFault });
    this.#run();
  }

  /** Stops accepting. Accepted connections stay open. A second call does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#listener.close();
    this.#endPause();
    this.#faults.close();
  }

  async #run(): Promise<void> {
    let pauseMs = acceptPauseMsMin;
    for (let accepts = 1;; accepts++) {
      const stream = await this.#accept();
      if (stream === null) return;
      if (stream !== "out of resources") pauseMs = acceptPauseMsMin;
      else {
        // Retrying at once would take processor time from connections that could end.
        await this.#pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, acceptPauseMsMax);
      }
      if (typeof stream === "object") this.#options.onStream(stream);
      // While connections are queued, the runtime answers at once. A flood would starve all other
      // work.
      if (accepts % acceptsPerTurn === 0) await yieldToEventLoop();
    }
  }

  async #accept(): Promise<ByteStream | "reset" | "out of resources" | null> {
    try {
      const stream = await this.#listener.accept();
      if (!this.#isClosed) return stream;
      // It arrived just before the listener closed, and nobody would end it any more.
      stream?.close();
      return null;
    } catch (error) {
      if (this.#isClosed) return null;
      this.#faults.add(error);
      return isOutOfResources(error) ? "out of resources" : "reset";
    }
  }

  /** Waits. Closing the acceptor ends the pause, so that the program can end. */
  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel: CancelTimer = this.#options.clock.schedule(pauseMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
