/**
 * What a process prints, line by line, and waiting for a line with a deadline that fails loudly.
 */
import { readLines } from "../read_lines.ts";

/** Far longer than any wait takes on a busy machine. Only a line that never comes reaches it. */
export const deadlineMs = 60_000;

/**
 * Lines that are kept: more than any test reads back. The limit bounds the memory of a long run.
 */
const linesKeptMax = 10_000;

export class OutputLines {
  /** The newest lines so far, without their ends. */
  readonly lines: string[] = [];
  /** Settles when there will be no more. */
  readonly ended: Promise<void>;
  #isEnded = false;
  #passed = 0;
  #wake = Promise.withResolvers<void>();
  #mayRead = Promise.resolve();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  /** All of it, each line with its end. */
  get text(): string {
    return this.lines.map((line) => `${line}\n`).join("");
  }

  /**
   * The next line that matches; the lines before it are passed over.
   *
   * @param describe what the failure says beside what was waited for
   */
  async next(pattern: RegExp, describe: () => string): Promise<RegExpExecArray> {
    return await within(`a line like ${pattern}`, describe, async () => {
      for (;;) {
        const wake = this.#wake.promise;
        while (this.#passed < this.lines.length) {
          const found = pattern.exec(this.lines[this.#passed++]!);
          if (found) return found;
        }
        if (this.#isEnded) throw new Error(`ended without a line like ${pattern}\n${describe()}`);
        await wake;
      }
    });
  }

  /**
   * Stops reading until the returned function is called. The writer can fill the pipe, and then
   * blocks.
   */
  stopReading(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#mayRead = promise;
    return resolve;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of readLines(stream)) {
      this.lines.push(line);
      this.#forgetOldest();
      this.#tell();
      await this.#mayRead;
    }
    this.#isEnded = true;
    this.#tell();
  }

  #forgetOldest(): void {
    const count = this.lines.length - linesKeptMax;
    if (count <= 0) return;
    this.lines.splice(0, count);
    this.#passed = Math.max(0, this.#passed - count);
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** Waits, but not for ever. */
export async function within<Result>(
  what: string,
  describe: () => string,
  action: () => Promise<Result>,
): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`waited ${deadlineMs} ms in vain for ${what}\n${describe()}`)),
    deadlineMs,
  );
  try {
    return await Promise.race([action(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
