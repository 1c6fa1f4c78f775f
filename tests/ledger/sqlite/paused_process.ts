/** Controls a process of `paused_child.ts`. */
import { assert } from "@std/assert";

/** A `paused_child.ts` that has stopped or ended. */
export class PausedChild {
  /** Its next step, or `undefined` after its end. */
  readonly pausedAt: string | undefined;
  readonly step: number;
  /** Whether a restore certainly holds the lock: its next step is at files, or in the ledger. */
  get holdsLock(): boolean {
    return /^(makeTempFileSync|linkSync|renameSync|PRAGMA|COMMIT)/.test(this.pausedAt ?? "");
  }
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #outcome: string | undefined;

  private constructor(
    process: Deno.ChildProcess,
    lines: AsyncIterator<string>,
    { first, step }: { readonly first: string; readonly step: number },
  ) {
    this.step = step;
    this.#process = process;
    this.#lines = lines;
    if (first.startsWith("paused ")) this.pausedAt = first.slice(7);
    else this.#outcome = first;
  }

  static async start(
    action: string,
    place: { readonly file: string; readonly backup: string },
    step: number,
  ): Promise<PausedChild> {
    const script = new URL("paused_child.ts", import.meta.url).pathname;
    const words = [action, place.file, place.backup, String(step)];
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-all", script, ...words],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = linesOf(process.stdout);
    const { value } = await lines.next();
    assert(typeof value === "string", "the child says nothing");
    return new PausedChild(process, lines, { first: value, step });
  }

  /** Lets it run to its end, and returns its outcome. */
  async resume(): Promise<string> {
    await this.#process.stdin.close();
    const { value } = await this.#lines.next();
    return this.#outcome = String(value);
  }

  kill(): Promise<void> {
    this.#outcome = "killed";
    this.#process.kill("SIGKILL");
    return this.end();
  }

  async end(): Promise<void> {
    if (this.#outcome === undefined) this.#process.kill("SIGKILL");
    await this.#process.stdin.close().catch(() => {});
    while (!(await this.#lines.next()).done);
    await this.#process.status;
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
