/** Controls a process of `paused_child.ts`. */
import { assert } from "@std/assert";

/** A process that performs one action after another, each stopped before one of its steps. */
export class PausedProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  #isKilled = false;

  constructor() {
    const script = new URL("paused_child.ts", import.meta.url).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-all", script],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** Starts an action, and returns it when it has stopped or ended. */
  async act(
    action: string,
    place: { readonly file: string; readonly backup: string },
    step: number,
  ): Promise<PausedAction> {
    return new PausedAction(this, {
      step,
      line: await this.ask(JSON.stringify([action, place.file, place.backup, step])),
    });
  }

  /** Sends a line, and returns the line that it says next. */
  async ask(line: string): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    const { value } = await this.#lines.next();
    assert(typeof value === "string", "the process says nothing");
    return value;
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#process.kill("SIGKILL");
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    while (!(await this.#lines.next()).done);
    await this.#process.status;
  }
}

/** An action that has stopped or ended. */
export class PausedAction {
  /** Its next step, or `undefined` after its end. */
  readonly pausedAt: string | undefined;
  readonly step: number;
  readonly #process: PausedProcess;

  constructor(process: PausedProcess, { step, line }: { step: number; line: string }) {
    this.#process = process;
    this.step = step;
    if (line.startsWith("paused ")) this.pausedAt = line.slice(7);
  }

  /** Whether a restore certainly holds the lock: its next step is at files, or in the ledger. */
  get holdsLock(): boolean {
    return /^(makeTempFileSync|linkSync|renameSync|PRAGMA|COMMIT)/.test(this.pausedAt ?? "");
  }

  /** Lets it run to its end, and returns its outcome. */
  async resume(): Promise<string> {
    return await this.#process.ask("");
  }

  /** Kills the process before the step. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
