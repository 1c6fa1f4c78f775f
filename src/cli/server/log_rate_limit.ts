/**
 * Limits how many log lines one member or one address can cause in a period. Without the limit, a
 * peer that repeats itself would fill the disk and hide what others do.
 */
import { BoundedMap } from "../../bounded_map.ts";
import type { CancelTimer, Clock } from "../../clock.ts";
import {
  addressesRememberedMax,
  logLinesMax,
  logMembersAtAddress,
  logSealedBytesMax,
  logWindowMs,
} from "../../limits.ts";

/**
 * The subject of a line: a member by name, all members at an address, or all other peers at an
 * address. The kind is part of it because a name may be spelled like an address.
 */
export interface LogSubject {
  readonly kind: "member" | "members_at" | "address";
  readonly name: string;
}

/** By how much the limits are multiplied. */
const shares = { member: 1, members_at: logMembersAtAddress, address: 1 } as const;

interface Window {
  readonly key: string;
  readonly subject: LogSubject;
  lines: number;
  sealedBytes: number;
  leftOut: number;
  readonly cancel: CancelTimer;
}

interface LogRateLimitOptions {
  readonly clock: Clock;
  /** Called at the end of a window in which lines were left out, with their number. */
  readonly onLeftOut: (subject: LogSubject, lines: number) => void;
}

export class LogRateLimit {
  readonly #options: LogRateLimitOptions;
  readonly #windows: BoundedMap<string, Window>;

  constructor(options: LogRateLimitOptions) {
    this.#options = options;
    this.#windows = new BoundedMap(addressesRememberedMax, (window) => this.#finish(window));
  }

  /**
   * Counts one line.
   *
   * @param subjects the line must be within the limit of each; the first subject at its limit
   * counts the line as left out
   * @returns whether to print the line
   */
  take(...subjects: readonly LogSubject[]): boolean {
    return this.#count(subjects, { lines: 1, sealedBytes: 0 });
  }

  /** Does the same for the encrypted message that belongs to a line. */
  takeSealed(bytes: number, ...subjects: readonly LogSubject[]): boolean {
    return this.#count(subjects, { lines: 0, sealedBytes: bytes });
  }

  #count(
    subjects: readonly LogSubject[],
    { lines, sealedBytes }: { lines: number; sealedBytes: number },
  ): boolean {
    const windows = subjects.map((subject) => this.#windowOf(subject));
    const full = windows.find(({ subject: { kind }, ...used }) =>
      used.lines + lines > logLinesMax * shares[kind] ||
      used.sealedBytes + sealedBytes > logSealedBytesMax * shares[kind]
    );
    if (full) {
      full.leftOut++;
      return false;
    }
    for (const window of windows) {
      window.lines += lines;
      window.sealedBytes += sealedBytes;
    }
    return true;
  }

  /** Ends all windows, and reports the lines that were left out. */
  close(): void {
    for (const window of this.#windows.values()) this.#end(window);
  }

  #windowOf(subject: LogSubject): Window {
    const key = `${subject.kind} ${subject.name}`;
    return this.#windows.get(key) ?? this.#open(key, subject);
  }

  #open(key: string, subject: LogSubject): Window {
    const cancel = this.#options.clock.schedule(logWindowMs, () => this.#end(window));
    const window: Window = { key, subject, lines: 0, sealedBytes: 0, leftOut: 0, cancel };
    this.#windows.set(key, window);
    return window;
  }

  #end(window: Window): void {
    this.#windows.delete(window.key);
    this.#finish(window);
  }

  #finish({ subject, leftOut, cancel }: Window): void {
    cancel();
    if (leftOut > 0) this.#options.onLeftOut(subject, leftOut);
  }
}
