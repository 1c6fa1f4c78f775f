/**
 * How much is printed about one member or one address. Whoever says something in a loop would fill the disk with it, and hide what others
 * do.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import { addressesRememberedMax, logLinesMax, logSealedBytesMax, logWindowMs } from "../limits.ts";

/** Whom a line is about: a member by its name, or everybody at an address. Either may be spelled like the other. */
export interface LogSubject {
  readonly kind: "member" | "address";
  readonly name: string;
}

interface Window {
  readonly subject: LogSubject;
  lines: number;
  sealedBytes: number;
  leftOut: number;
  readonly cancel: CancelTimer;
}

export interface LogAllowanceOptions {
  readonly clock: Clock;
  /** Told at the end of a window how many lines were left out in it, if any were. */
  readonly onLeftOut: (subject: LogSubject, lines: number) => void;
}

export class LogAllowance {
  readonly #options: LogAllowanceOptions;
  /** The oldest one first. */
  readonly #windows = new Map<string, Window>();

  constructor(options: LogAllowanceOptions) {
    this.#options = options;
  }

  /** @returns whether one more line about that subject is to be printed */
  take(subject: LogSubject): boolean {
    const window = this.#windowOf(subject);
    const isAllowed = window.lines < logLinesMax;
    if (isAllowed) window.lines++;
    else window.leftOut++;
    return isAllowed;
  }

  /** @returns whether a sealed line of that many bytes is to be printed below the words that were {@link LogAllowance.take}n for */
  takeSealed(subject: LogSubject, bytes: number): boolean {
    const window = this.#windowOf(subject);
    const isAllowed = window.sealedBytes + bytes <= logSealedBytesMax;
    if (isAllowed) window.sealedBytes += bytes;
    else window.leftOut++;
    return isAllowed;
  }

  /** Ends all windows: nothing is left out without being told. */
  close(): void {
    for (const key of [...this.#windows.keys()]) this.#end(key);
  }

  #windowOf(subject: LogSubject): Window {
    const key = `${subject.kind} ${subject.name}`;
    return this.#windows.get(key) ?? this.#open(key, subject);
  }

  #open(key: string, subject: LogSubject): Window {
    if (this.#windows.size >= addressesRememberedMax) this.#end(this.#windows.keys().next().value!);
    const cancel = this.#options.clock.schedule(logWindowMs, () => this.#end(key));
    const window = { subject, lines: 0, sealedBytes: 0, leftOut: 0, cancel };
    this.#windows.set(key, window);
    return window;
  }

  #end(key: string): void {
    const { subject, leftOut, cancel } = this.#windows.get(key)!;
    cancel();
    this.#windows.delete(key);
    if (leftOut > 0) this.#options.onLeftOut(subject, leftOut);
  }
}
