/**
 * A `micropay` process. It runs the source with the executable's permissions and a session key that
 * is made already, or the executable that MICROPAY_EXECUTABLE names. The executable gets an empty
 * PATH and none of Deno's variables.
 */
import { resolve } from "node:path";
import { programPermissions } from "../demo/program.ts";
import { OutputLines, within } from "./output_lines.ts";

export interface ProgramOptions {
  /** Where it runs. */
  readonly folder: string;
  /** Its whole environment, beside what running the source takes. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it reads from its standard input: nothing, or what {@link Program.type} brings. */
  readonly stdin?: "null" | "piped" | undefined;
  /** Words before the command, which end in running what follows them: `ip netns exec NAME`. */
  readonly prefix?: readonly string[] | undefined;
}

export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `micropay` that runs: a process, or a command in the test's own process. */
export interface RunningProgram extends AsyncDisposable {
  readonly args: readonly string[];
  readonly pid: number;
  readonly stdout: OutputLines;
  readonly stderr: OutputLines;
  /** Its exit code, when it has ended. */
  readonly exited: Promise<number>;
  /** The next line of stdout that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** The next line of stderr that matches. */
  errorLine(pattern: RegExp): Promise<RegExpExecArray>;
  /** Types lines into its standard input, which is "piped". */
  type(...lines: readonly string[]): Promise<void>;
  /** Ends its input. */
  endInput(): Promise<void>;
  signal(signal: Deno.Signal): void;
  /** Waits until it has ended by itself. */
  end(): Promise<Ended>;
}

/** @returns the newest lines of a program, for the message of a failure */
export function describeOutput(
  { args, stdout, stderr }: Pick<RunningProgram, "args" | "stdout" | "stderr">,
): string {
  const show = ({ lines }: OutputLines) =>
    lines.slice(-40).map((line) => `  ${line.slice(0, 300)}`).join("\n");
  return `micropay ${args.join(" ")}\n stdout:\n${show(stdout)}\n stderr:\n${show(stderr)}`;
}

export class Program implements RunningProgram {
  readonly args: readonly string[];
  readonly stdout: OutputLines;
  readonly stderr: OutputLines;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #isInputClosed = false;

  constructor(
    args: readonly string[],
    { folder, env = {}, stdin = "null", prefix = [] }: ProgramOptions,
  ) {
    this.args = args;
    const [command, ...first] = [...prefix, ...programCommand()];
    this.#child = new Deno.Command(command!, {
      args: [...first, ...args],
      cwd: folder,
      env: { ...runtimeEnvironment(), ...env },
      clearEnv: true,
      stdin,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = stdin === "piped" ? this.#child.stdin.getWriter() : undefined;
    this.stdout = new OutputLines(this.#child.stdout);
    this.stderr = new OutputLines(this.#child.stderr);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The next line of stdout that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return this.stdout.next(pattern, () => this.describe());
  }

  /** The next line of stderr that matches. */
  errorLine(pattern: RegExp): Promise<RegExpExecArray> {
    return this.stderr.next(pattern, () => this.describe());
  }

  /** Types lines. */
  async type(...lines: readonly string[]): Promise<void> {
    await this.#input!.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  }

  /** Ends its input. */
  async endInput(): Promise<void> {
    this.#isInputClosed = true;
    await this.#input!.close().catch(() => {});
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Its exit code, when it has ended, whatever became of its output. */
  get exited(): Promise<number> {
    return within("its exit", () => this.describe(), async () => (await this.#child.status).code);
  }

  /** Waits until it has ended by itself. */
  async end(): Promise<Ended> {
    return await within("its end", () => this.describe(), async () => {
      const [{ code, signal }] = await Promise.all([
        this.#child.status,
        this.stdout.ended,
        this.stderr.ended,
      ]);
      return { code, signal, stdout: this.stdout.text, stderr: this.stderr.text };
    });
  }

  describe(): string {
    return describeOutput(this);
  }

  /** Ends it, whatever it is doing, even when it is stopped by SIGSTOP. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await Promise.all([this.stdout.ended, this.stderr.ended]);
    if (this.#input && !this.#isInputClosed) await this.#input.abort().catch(() => {});
  }
}

/** Whether the compiled executable is tested. */
export const isExecutable = Boolean(Deno.env.get("MICROPAY_EXECUTABLE"));

/** The executable, or the runtime with the source. The demo runs `main.ts` itself. */
export function programCommand(): string[] {
  const executable = Deno.env.get("MICROPAY_EXECUTABLE");
  if (executable) return [resolve(executable)];
  const inRepository = (name: string) => resolve(import.meta.dirname!, "../..", name);
  const config = ["--quiet", "--config", inRepository("deno.json")];
  const program = inRepository("tests/end_to_end/micropay.ts");
  return [Deno.execPath(), "run", ...config, ...programPermissions(), program];
}

/** What the runtime needs to find the packages of the source; nothing for the executable. */
export function runtimeEnvironment(): Record<string, string> {
  if (isExecutable) return { PATH: "" };
  const names = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "DENO_TLS_CA_STORE"];
  const given = names.map((name) => [name, Deno.env.get(name)] as const);
  return Object.fromEntries(
    given.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
