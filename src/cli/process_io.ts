/**
 * The environment, the standard streams and the signals of the process. The program gets them as a
 * parameter, so that tests can run it inside their own process.
 */
import type { SessionKey } from "../envelope/session_key.ts";
import type { RsaBits } from "../limits.ts";
import { StandardOutput } from "./standard_output.ts";

export type Environment = (name: string) => string | undefined;

export interface ProcessIo {
  readonly environment: Environment;
  /** Opens the standard input. A stream of a process can have one reader only. */
  readonly openInput: () => ReadableStream<Uint8Array>;
  /** Whether a person sits at the standard input, and can be asked. */
  readonly isTerminal: () => boolean;
  /**
   * Keeps the terminal from showing what is typed. It passes on each key at once, and signals as
   * usual.
   *
   * @returns undoes it
   */
  readonly hideTyping: () => () => void;
  /**
   * Prints a line of a result.
   *
   * @throws {OutputError} when it cannot be written
   */
  readonly print: (line: string) => void;
  /** Returns the size of the terminal at the standard output, or `undefined` if it is none. */
  readonly outputSize: () => { readonly columns: number; readonly rows: number } | undefined;
  /** Writes to the standard output without blocking, and returns the number of bytes written. */
  readonly writeOutput: (bytes: Uint8Array) => Promise<number>;
  /** Whether the reader of the standard output is gone. Results are dropped from then on. */
  readonly isReaderGone: () => boolean;
  /** Prints a line that is not a result to the standard error. Never throws. */
  readonly say: (line: string) => void;
  /**
   * Returns the columns of the terminal at the standard error, or `undefined` if it is none. A
   * program can draw there with {@link draw}.
   */
  readonly drawnColumns: () => number | undefined;
  /** Writes a text without a line's end to the standard error. Never throws. */
  readonly draw: (text: string) => void;
  /**
   * Calls the listener at each SIGINT, SIGTERM and SIGHUP, instead of ending the process.
   *
   * @returns removes the listener
   */
  readonly onSignal: (listener: () => void) => () => void;
  readonly makeSessionKey: (bits: RsaBits) => Promise<SessionKey>;
}

/** A terminal that is closed sends SIGHUP, which should end a command like Ctrl-C does. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const standardOutput = new StandardOutput((bytes) => Deno.stdout.writeSync(bytes));

export const systemProcessIo: ProcessIo = {
  environment: (name) => Deno.env.get(name),
  openInput: () => Deno.stdin.readable,
  isTerminal: () => Deno.stdin.isTerminal(),
  hideTyping: () => {
    const hide = () => Deno.stdin.setRaw(true, { cbreak: true });
    hide();
    // After Ctrl-Z a shell changes the terminal for itself.
    Deno.addSignalListener("SIGCONT", hide);
    return () => {
      Deno.removeSignalListener("SIGCONT", hide);
      Deno.stdin.setRaw(false);
    };
  },
  print: (line) => standardOutput.print(line),
  outputSize: () => Deno.stdout.isTerminal() ? Deno.consoleSize() : undefined,
  writeOutput: (bytes) => Deno.stdout.write(bytes),
  isReaderGone: () => standardOutput.isReaderGone,
  say: (line) => {
    try {
      console.error(line);
    } catch {
      // The exit code reports the failure, too.
    }
  },
  drawnColumns: () => Deno.stderr.isTerminal() ? Deno.consoleSize().columns : undefined,
  draw: (text) => {
    try {
      let rest = new TextEncoder().encode(text);
      while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
    } catch {
      // As with a line.
    }
  },
  onSignal: (listener) => {
    for (const signal of signals) Deno.addSignalListener(signal, listener);
    return () => {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    };
  },
  makeSessionKey: async (bits) => {
    const { generateSessionKey } = await import("../envelope/session_key.ts");
    return await generateSessionKey(bits);
  },
};

/**
 * Runs an action with a signal that aborts at SIGINT, SIGTERM or SIGHUP, so that the action can end
 * cleanly.
 */
export async function untilSignal<Result>(
  { onSignal }: Pick<ProcessIo, "onSignal">,
  action: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const stop = onSignal(() => controller.abort());
  try {
    return await action(controller.signal);
  } finally {
    stop();
  }
}
