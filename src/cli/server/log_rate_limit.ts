/**
 * How much is printed about one member or one address. Whoever says something in a loop would fill the disk with it, and hide what others
 * do.
 */
import type { CancelTimer, Clock } from "../../clock.ts";
import {
  addressesRememberedMax,
  logLinesMax,
  logMembersAtAddress,
  logSealedBytesMax,
  logWindowMs,
} from "../../limits.ts";

/** Whom a line is about: a member by its name, all members at an address, or everybody else there. A name may be spelled like an address. */
export interface LogSubject {
  readonly kind: "member" | "members_at" | "address";
  readonly name: string;
}

/** How many times the limits hold for each kind. */
const shares = { member: 1, members_at: logMembersAtAddress, address: 1 } as const;

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

  /**
   * @param subjects all whose limit it has to be within; the first that is at its own counts it as left out
   * @returns whether one more line about them is to be printed
   */
  take(...subjects: readonly LogSubject[]): boolean {
    return this.#count(subjects, { lines: 1, sealedBytes: 0 });
  }

  /** @returns whether a sealed line of that many bytes is to be printed below the words that were {@link LogAllowance.take}n for */
  takeSealed(bytes: number, ...subjects: readonly LogSubject[]): boolean {
    return this.#count(subjects, { lines: 0, sealedBytes: bytes });
  }

  #count(
    subjects: readonly LogSubject[],
    { lines, sealedBytes }: { lines: number; sealedBytes: number },
  ): boolean {
    // Opened first: to make room for one of them, the other one may be ended.
    for (const subject of subjects) this.#windowOf(subject);
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
