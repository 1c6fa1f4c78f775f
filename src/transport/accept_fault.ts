/**
 * Why a connection could not be accepted, and how often that is told. A stranger can make as many of these failures as it likes.
 */
import type { CancelTimer, Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { acceptFaultWindowMs } from "../limits.ts";

/** What is told of failures: the first one at once, the others of the same kind in one line a window. */
export interface AcceptFault {
  readonly attempt: string;
  readonly error: unknown;
}

const resourceCodes = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"];
/**
 * ENFILE has no `code` in Deno 2.4.2 and 2.9.6, so its number is read from the end of the message, where Rust writes it in every
 * language. It is 23 on Linux, macOS and the BSDs.
 */
const fileTableFull = /\(os error 23\)$/;

/**
 * Whether accepting failed because the machine has no descriptors or no memory left. The next try then fails as well, until
 * somebody leaves. Every other failure is about one connection: it was reset (ENOTCONN, ECONNABORTED), its network broke, a
 * firewall refused it.
 */
export function isOutOfResources(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === undefined
    ? fileTableFull.test(messageOf(error))
    : resourceCodes.includes(String(code));
}

/** Tells the first failure of each kind at once, and how many followed when a window is over. */
export class AcceptFaults {
  readonly #clock: Clock;
  readonly #tell: (fault: AcceptFault) => void;
  readonly #windows = new Map<string, Window>();

  constructor({ clock, tell }: { clock: Clock; tell: (fault: AcceptFault) => void }) {
    this.#clock = clock;
    this.#tell = tell;
  }

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

  /** Ends all windows: no failure is left untold. */
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
