/**
 * Accepting connections for as long as a listener is open, whatever goes wrong with one of them.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import { acceptPauseMsMax, acceptPauseMsMin } from "../limits.ts";
import type { ByteStream, Listener } from "./byte_stream.ts";

export interface AcceptorOptions {
  readonly clock: Clock;
  readonly onStream: (stream: ByteStream) => void;
  /** Told of each failed accept; the next one is tried after a pause. */
  readonly onFault: (error: unknown) => void;
}

export class Acceptor {
  readonly #listener: Listener;
  readonly #options: AcceptorOptions;
  #endPause: () => void = () => {};

  /** Accepts from now on, until {@link Acceptor.close}. */
  constructor(listener: Listener, options: AcceptorOptions) {
    this.#listener = listener;
    this.#options = options;
    this.#run();
  }

  /** Stops accepting. What was accepted stays. Harmless the second time. */
  close(): void {
    this.#listener.close();
    this.#endPause();
  }

  async #run(): Promise<void> {
    const { onStream, onFault } = this.#options;
    for (let pauseMs = acceptPauseMsMin;;) {
      let stream: ByteStream | null;
      try {
        stream = await this.#listener.accept();
      } catch (error) {
        // Reset before it was accepted: the next one may be fine at once. No descriptors left (EMFILE, ENFILE): it stays so
        // until somebody leaves, and trying again and again would take the processor from those who could.
        onFault(error);
        await this.#pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, acceptPauseMsMax);
        continue;
      }
      if (!stream) return;
      pauseMs = acceptPauseMsMin;
      onStream(stream);
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
