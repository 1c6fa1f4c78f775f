/**
 * The streams of a terminal in memory, for ink.
 */
import { PassThrough } from "node:stream";

export class TerminalStreams {
  readonly stdin: NodeJS.ReadableStream & PassThrough;
  readonly stdout: NodeJS.WritableStream & PassThrough;
  /** Whether the terminal passes on each key. */
  isRaw = false;
  #output = "";
  #waiting: (() => void)[] = [];

  constructor(size: { readonly columns: number; readonly rows: number }) {
    this.stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (isRaw: boolean) => {
        this.isRaw = isRaw;
      },
      ref: () => {},
      unref: () => {},
    });
    this.stdout = Object.assign(new PassThrough(), { isTTY: true, ...size });
    this.stdout.on("data", (bytes) => {
      this.#output += bytes;
      for (const check of this.#waiting.splice(0)) check();
    });
  }

  /** All that was written since the start. */
  get output(): string {
    return this.#output;
  }

  /** Waits until the output has a text. */
  async until(text: string): Promise<void> {
    while (!this.#output.includes(text)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  resize(size: { readonly columns: number; readonly rows: number }): void {
    Object.assign(this.stdout, size);
    this.stdout.emit("resize");
  }
}
