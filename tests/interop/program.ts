/**
 * A program that runs beside the test: its output line by line, and its end.
 */

/** Nothing that is waited for here takes a tenth of this; past it the program hangs. */
const patienceMs = 30_000;

export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<void>;
  #text = "";
  #hung: ReturnType<typeof setTimeout> | undefined;
  /** What it wrote to stderr so far. */
  errors = "";

  constructor(command: string, args: readonly string[]) {
    this.#child = new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = this.#collectErrors();
  }

  /** The next line of stdout that matches; those before it are passed over. */
  async lineWith(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const line = await this.#nextLine();
      if (line === undefined) throw new Error(`ended without ${pattern}: ${await this.#said()}`);
      const found = pattern.exec(line);
      if (found) return found;
    }
  }

  /** All lines of stdout that are left, until it ends. */
  async lines(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.#nextLine(); line !== undefined; line = await this.#nextLine()) {
      lines.push(line);
    }
    return lines;
  }

  /** @returns its exit code */
  async status(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#errors;
    return code;
  }

  stop(): void {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#reader.cancel();
    await this.status();
  }

  async #nextLine(): Promise<string | undefined> {
    for (;;) {
      const at = this.#text.indexOf("\n");
      if (at >= 0) {
        const line = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + 1);
        return line;
      }
      const { value, done } = await this.#read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  async #read(): Promise<ReadableStreamReadResult<string>> {
    this.#waitAnew();
    try {
      return await this.#reader.read();
    } finally {
      clearTimeout(this.#hung);
      this.#hung = undefined;
    }
  }

  #waitAnew(): void {
    clearTimeout(this.#hung);
    this.#hung = setTimeout(() => this.stop(), patienceMs);
  }

  async #collectErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.errors += text;
      // A program that reports errors does not hang, though it prints nothing on stdout.
      if (this.#hung !== undefined) this.#waitAnew();
    }
  }

  async #said(): Promise<string> {
    await this.#errors;
    return this.errors;
  }
}
