/** Reports of failed accepts. A stranger can cause any number, so the reports are limited. */
import type { CancelTimer, Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { acceptFaultWindowMs } from "../limits.ts";

/** A report: the first failure of a kind, or the number of its repetitions in a window. */
export interface AcceptFault {
  readonly attempt: string;
  readonly error: unknown;
}

const resourceCodes = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];
/**
 * Deno 2.4.2 and 2.9.6 give ENFILE no `code`. Rust ends its message with the number in every
 * language: 23 on Linux, macOS and the BSDs.
 */
const fileTableFull = /\(os error 23\)$/;

/**
 * Returns whether accepting failed because descriptors or memory ran out. Then the next accept
 * fails too. Other failures concern one connection: a reset, a broken network or a firewall.
 */
export function isOutOfResources(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === undefined
    ? fileTableFull.test(messageOf(error))
    : resourceCodes.includes(String(code));
}

/** Reports the first failure of each kind at once, and how many more came at the window's end. */
export class AcceptFaults {
  readonly #clock: Clock;
  readonly #tell: (fault: AcceptFault) => void;
  readonly #windows = new Map<string, Window>();

  constructor({ clock, tell }: { clock: Clock; tell: (fault: AcceptFault) => void }) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Counts a failure, and reports it when it is the first of its kind in a window. */
  add(error: unknown): void {
    const kind = messageOf(error);
    const window = this.#windows.get(kind);
    if (window) {
      window.more++;
      return;
    }
    const cancel = this.#clock.schedule(acceptFaultWindowMs, () => this.#end(kind));
    this.#windows.set(kind, { error, more: 0, cancel });
    this.#tell({ attempt: "accept a connection", error });
  }

  /** Ends all windows, so that every failure is reported. */
  close(): void {
    for (const kind of [...this.#windows.keys()]) this.#end(kind);
  }

  #end(kind: string): void {
    const { error, more, cancel } = this.#windows.get(kind)!;
    cancel();
    this.#windows.delete(kind);
    if (more === 0) return;
    const seconds = acceptFaultWindowMs / 1000;
    this.#tell({ attempt: `accept ${more} more connections within ${seconds} s`, error });
  }
}

interface Window {
  readonly error: unknown;
  more: number;
  readonly cancel: CancelTimer;
}
