/**
 * A `micropay` process that is watched line by line. It runs the source with the executable's
 * permissions, or the executable that MICROPAY_EXECUTABLE names. Nothing here sleeps; each wait is
 * for a line or an end, with a deadline.
 */
import { resolve } from "node:path";
import { readLines } from "../read_lines.ts";

/** Longest wait for a line or an end. It is far longer than any step takes. */
const waitMsMax = 60_000;

export type StreamName = "stdout" | "stderr";

export interface Line {
  readonly stream: StreamName;
  readonly text: string;
}

export interface ProgramOptions {
  /** Where it runs. */
  readonly folder: string;
  /** Where this person's identities are; given as MICROPAY_HOME. */
  readonly home: string;
}

/** Something was not as it should be; the message says what was expected and what was seen. */
export class UnexpectedError extends Error {}

export class Program {
  /** Everything printed so far. */
  readonly lines: Line[] = [];
  readonly #args: readonly string[];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #seen: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  /** Resolves when all output was read. */
  readonly #read: Promise<unknown>;
  #ended = false;
  #wake = Promise.withResolvers<void>();

  constructor(args: readonly string[], { folder, home }: ProgramOptions) {
    this.#args = args;
    const [executable, ...first] = programCommand();
    this.#child = new Deno.Command(executable!, {
      args: [...first, ...args],
      cwd: folder,
      env: environmentFor(home),
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#read = Promise.all([
      this.#collect("stdout", this.#child.stdout),
      this.#collect("stderr", this.#child.stderr),
    ]).then(() => {
      this.#ended = true;
      this.#wake.resolve();
    });
  }

  /** As a person would have typed it. */
  get command(): string {
    return ["micropay", ...this.#args].join(" ");
  }

  /** What was printed to stdout, one string a line. */
  get results(): string[] {
    return this.lines.filter(({ stream }) => stream === "stdout").map(({ text }) => text);
  }

  /**
   * The next line of a stream that matches; the lines before it are passed over.
   *
   * @throws {UnexpectedError} when the program ends without it, or the deadline passes
   */
  async line(stream: StreamName, pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = new Deadline(waitMsMax);
    try {
      for (;;) {
        const wake = this.#wake.promise;
        const found = this.#find(stream, pattern);
        if (found) return found;
        if (this.#ended) throw this.#unexpected(`a line like ${pattern}`, "it ended");
        if (!await deadline.before(wake)) {
          throw this.#unexpected(`a line like ${pattern}`, `none came within ${waitMsMax} ms`);
        }
      }
    } finally {
      deadline.clear();
    }
  }

  /** Types a line. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${text}\n`));
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits for the end.
   *
   * @throws {UnexpectedError} when it ends with another code, or the deadline passes
   */
  async end(code = 0): Promise<void> {
    const deadline = new Deadline(waitMsMax);
    const ended = Promise.all([this.#child.status, this.#read]);
    try {
      if (!await deadline.before(ended)) {
        throw this.#unexpected(`an end with exit code ${code}`, `none within ${waitMsMax} ms`);
      }
    } finally {
      deadline.clear();
    }
    const [status] = await ended;
    await this.#input.close().catch(() => {});
    if (status.code !== code || status.signal !== null) {
      const seen = status.signal ?? `exit code ${status.code}`;
      throw this.#unexpected(`an end with exit code ${code}`, `it was ${seen}`);
    }
  }

  /** Ends it now, whatever it is doing. For when something else failed. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It had ended.
    }
    await this.#child.status;
    await this.#read;
    await this.#input.close().catch(() => {});
  }

  async #collect(stream: StreamName, readable: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of readLines(readable)) {
      this.lines.push({ stream, text });
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  }

  #find(stream: StreamName, pattern: RegExp): RegExpExecArray | undefined {
    const lines = this.lines.filter((line) => line.stream === stream);
    for (let at = this.#seen[stream]; at < lines.length; at++) {
      const found = pattern.exec(lines[at]!.text);
      if (found === null) continue;
      this.#seen[stream] = at + 1;
      return found;
    }
    return undefined;
  }

  #unexpected(expected: string, seen: string): UnexpectedError {
    const printed = this.lines.slice(-linesShownMax).map(({ text }) => `    ${text}`);
    return new UnexpectedError(
      [
        `${this.command}`,
        `  expected ${expected}, but ${seen}. It printed${
          printed.length === 0 ? " nothing." : ":"
        }`,
        ...printed,
      ].join("\n"),
    );
  }
}

const linesShownMax = 30;

/** The executable, or the runtime that runs the source with the permissions in `deno.json`. */
function programCommand(): string[] {
  const compiled = Deno.env.get("MICROPAY_EXECUTABLE");
  if (compiled) return [compiled];
  const path = (name: string) => resolve(import.meta.dirname!, "../..", name);
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--config",
    path("deno.json"),
    ...programPermissions(),
    path("main.ts"),
  ];
}

/** The flags that the executable is compiled with, from the one place where they are written. */
export function programPermissions(): string[] {
  const configuration = Deno.readTextFileSync(new URL("../../deno.json", import.meta.url));
  const { command } = JSON.parse(configuration).tasks.permitted;
  const words: string[] = command.replaceAll("'", "").split(" ");
  return words.filter((word) => word.startsWith("--"));
}

/** What this process was given, except what somebody set for a `micropay` of their own. */
function environmentFor(home: string): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !name.startsWith("MICROPAY_")
  );
  return { ...Object.fromEntries(kept), MICROPAY_HOME: home };
}

class Deadline {
  readonly #passed = Promise.withResolvers<false>();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#passed.resolve(false), ms);
  }

  /** Whether the promise was first. */
  before(promise: Promise<unknown>): Promise<boolean> {
    return Promise.race([promise.then(() => true), this.#passed.promise]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
