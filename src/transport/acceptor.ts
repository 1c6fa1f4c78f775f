/**
 * Accepting connections for as long as a listener is open, whatever goes wrong with one of them.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import { yieldToEventLoop } from "../yield_to_event_loop.ts";
import { acceptPauseMsMax, acceptPauseMsMin, acceptsPerTurn } from "../limits.ts";
import { type AcceptFault, AcceptFaults, isOutOfResources } from "./accept_fault.ts";
import type { ByteStream, Listener } from "./byte_stream.ts";

export interface AcceptorOptions {
  readonly clock: Clock;
  readonly onStream: (stream: ByteStream) => void;
  /** Told of failed accepts, each kind of them so often that nobody can fill a log with it. */
  readonly onFault: (fault: AcceptFault) => void;
}

export class Acceptor {
  readonly #listener: Listener;
  readonly #options: AcceptorOptions;
  readonly #faults: AcceptFaults;
  #endPause: () => void = () => {};

  /** Accepts from now on, until {@link Acceptor.close}. */
  constructor(listener: Listener, options: AcceptorOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#faults = new AcceptFaults({ clock: options.clock, tell: options.onFault });
    this.#run();
  }

  /** Stops accepting. What was accepted stays. Harmless the second time. */
  close(): void {
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
        // Trying again and again would take the processor from those who could leave.
        await this.#pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, acceptPauseMsMax);
      }
      if (typeof stream === "object") this.#options.onStream(stream);
      // The runtime answers at once while connections are queued. A flood of them would keep everything else from its turn.
      if (accepts % acceptsPerTurn === 0) await yieldToEventLoop();
    }
  }

  async #accept(): Promise<ByteStream | "reset" | "out of resources" | null> {
    try {
      return await this.#listener.accept();
    } catch (error) {
      this.#faults.add(error);
      return isOutOfResources(error) ? "out of resources" : "reset";
    }
  }

  /** Over early when the acceptor is closed: nobody waits for a pause before the program can end. */
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
