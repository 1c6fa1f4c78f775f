/**
 * How many lines about one address are printed. Whoever connects and is refused in a loop would fill the disk with it, and hide what
 * others do.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import { addressesRememberedMax, logLinesMax, logWindowMs } from "../limits.ts";

interface Window {
  lines: number;
  leftOut: number;
  readonly cancel: CancelTimer;
}

export interface LogAllowanceOptions {
  readonly clock: Clock;
  /** Told at the end of a window how many lines were left out in it, if any were. */
  readonly onLeftOut: (address: string, lines: number) => void;
}

export class LogAllowance {
  readonly #options: LogAllowanceOptions;
  /** The oldest one first. */
  readonly #windows = new Map<string, Window>();

  constructor(options: LogAllowanceOptions) {
    this.#options = options;
  }

  /** @returns whether one more line about that address is to be printed */
  take(address: string): boolean {
    const window = this.#windows.get(address) ?? this.#open(address);
    if (window.lines < logLinesMax) {
      window.lines++;
      return true;
    }
    window.leftOut++;
    return false;
  }

  /** Ends all windows: nothing is left out without being told. */
  close(): void {
    for (const address of [...this.#windows.keys()]) this.#end(address);
  }

  #open(address: string): Window {
    if (this.#windows.size >= addressesRememberedMax) this.#end(this.#windows.keys().next().value!);
    const cancel = this.#options.clock.schedule(logWindowMs, () => this.#end(address));
    const window = { lines: 0, leftOut: 0, cancel };
    this.#windows.set(address, window);
    return window;
  }

  #end(address: string): void {
    const { leftOut, cancel } = this.#windows.get(address)!;
    cancel();
    this.#windows.delete(address);
    if (leftOut > 0) this.#options.onLeftOut(address, leftOut);
  }
}
