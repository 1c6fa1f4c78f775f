/**
 * Runs the command line in the test's own process, from its arguments to the exit code, with all
 * its output. {@link Program} runs it as a process, for what only a process shows. Processes for
 * the other steps would take most of the time of the tests.
 */
import { run } from "../../src/cli/run.ts";
import { systemProcessIo } from "../../src/cli/process_io.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { OutputLines, within } from "./output_lines.ts";
import { describeOutput, type Ended, type RunningProgram } from "./program.ts";

export interface CommandOptions {
  /** Its whole environment. It runs in the test's folder, so files are named by absolute paths. */
  readonly env: Readonly<Record<string, string>>;
  /** Its standard input. Empty when absent. */
  readonly input?: string;
  /** With "piped", {@link Command.type} writes its standard input, in place of `input`. */
  readonly stdin?: "null" | "piped" | undefined;
}

/** Runs the command to its end without signals. All commands share a session key. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions,
): Promise<Ended> {
  return await new Command(args, options).end();
}

/** A command in the test's own process. It hears the signals that it handles. */
export class Command implements RunningProgram {
  readonly args: readonly string[];
  readonly stdout: OutputLines;
  readonly stderr: OutputLines;
  /** Its exit code, or the defect that ended it. */
  readonly exited: Promise<number>;
  readonly #signalListeners = new Set<() => void>();
  readonly #input = new MemoryPipe();

  constructor(args: readonly string[], { env, input = "", stdin = "null" }: CommandOptions) {
    this.args = args;
    if (stdin === "null") {
      this.#input.write(new TextEncoder().encode(input));
      this.#input.close();
    }
    const [output, error] = [new MemoryPipe(), new MemoryPipe()];
    this.stdout = new OutputLines(output.readable);
    this.stderr = new OutputLines(error.readable);
    this.exited = run(args, {
      ...systemProcessIo,
      environment: (name) => env[name],
      openInput: () => this.#input.readable,
      isTerminal: () => false,
      outputSize: () => undefined,
      hideTyping: () => () => {},
      print: (line) => output.writeLine(line),
      writeOutput: (bytes) => Promise.resolve(output.write(bytes)),
      isReaderGone: () => false,
      say: (line) => error.writeLine(line),
      onSignal: (listener) => {
        this.#signalListeners.add(listener);
        return () => this.#signalListeners.delete(listener);
      },
      makeSessionKey: () => Promise.resolve(sessionKeyOf(args)),
    }).finally(() => {
      output.close();
      error.close();
    });
    // It is reported to the test that waits for the end.
    this.exited.catch(() => {});
  }

  /** The process that it runs in. */
  get pid(): number {
    return Deno.pid;
  }

  /** The next line of stdout that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return this.stdout.next(pattern, () => this.describe());
  }

  /** The next line of stderr that matches. */
  errorLine(pattern: RegExp): Promise<RegExpExecArray> {
    return this.stderr.next(pattern, () => this.describe());
  }

  /** Types lines. Those after the end of its input are lost. */
  type(...lines: readonly string[]): Promise<void> {
    lines.forEach((line) => this.#input.writeLine(line));
    return Promise.resolve();
  }

  /** Ends its input. */
  endInput(): Promise<void> {
    this.#input.close();
    return Promise.resolve();
  }

  /** Calls what handles the signal. @throws {TypeError} for one that only a process can get */
  signal(signal: Deno.Signal): void {
    if (!["SIGINT", "SIGTERM", "SIGHUP"].includes(signal)) {
      throw new TypeError(`send ${signal}: start a process, because a command cannot handle it`);
    }
    for (const listener of [...this.#signalListeners]) listener();
  }

  /** Waits until it has ended by itself. */
  async end(): Promise<Ended> {
    return await within("its end", () => this.describe(), async () => {
      const [code] = await Promise.all([this.exited, this.stdout.ended, this.stderr.ended]);
      return { code, signal: null, stdout: this.stdout.text, stderr: this.stderr.text };
    });
  }

  describe(): string {
    return describeOutput(this);
  }

  /** Ends it as a signal does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGTERM");
    await this.end().catch(() => {});
  }
}

function sessionKeyOf(args: readonly string[]): SessionKey {
  return args[0] === "server" ? sessionKeys.server : sessionKeys.alice;
}

/** A pipe that takes everything at once. */
class MemoryPipe {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOpen = true;
  readonly #encoder = new TextEncoder();

  constructor() {
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.#isOpen = false),
    });
  }

  /** @returns how many bytes it took, which are all */
  write(bytes: Uint8Array): number {
    if (this.#isOpen) this.#controller.enqueue(bytes.slice());
    return bytes.length;
  }

  writeLine(line: string): void {
    this.write(this.#encoder.encode(`${line}\n`));
  }

  close(): void {
    if (this.#isOpen) this.#controller.close();
    this.#isOpen = false;
  }
}
