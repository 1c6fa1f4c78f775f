/**
 * What the command line has around it: the environment, the three standard streams, signals. Passed in, so that the program can be
 * run within another, as tests do.
 */
import type { SessionKey } from "../envelope/session_key.ts";
import type { RsaBits } from "../limits.ts";
import { StandardOutput } from "./standard_output.ts";

export interface Surroundings {
  /** A variable of the environment. */
  readonly environment: (name: string) => string | undefined;
  /** The standard input, for whoever reads it first. */
  readonly openInput: () => ReadableStream<Uint8Array>;
  /** Whether somebody sits at the standard input who can be asked. */
  readonly isTerminal: () => boolean;
  /**
   * Prints a line of a result.
   *
   * @throws {OutputError} when it cannot be written
   */
  readonly print: (line: string) => void;
  /** Writes some of these bytes to the standard output, holding nothing else up, and says how many. */
  readonly writeOutput: (bytes: Uint8Array) => Promise<number>;
  /** Whether nobody reads the results any more. What is printed then is dropped. */
  readonly isReaderGone: () => boolean;
  /** Prints a line that is no result. Never throws: there is nowhere left to say why. */
  readonly say: (line: string) => void;
  /**
   * Calls the listener at each SIGINT, SIGTERM and SIGHUP instead of ending.
   *
   * @returns stops that
   */
  readonly onSignal: (listener: () => void) => () => void;
  /** Makes the session key that this process announces. */
  readonly makeSessionKey: (bits: RsaBits) => Promise<SessionKey>;
}

/** A hangup is what a terminal that is closed sends: members and operator want the same end as by Ctrl-C. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const standardOutput = new StandardOutput((bytes) => Deno.stdout.writeSync(bytes));

/** This process. */
export const systemSurroundings: Surroundings = {
  environment: (name) => Deno.env.get(name),
  openInput: () => Deno.stdin.readable,
  isTerminal: () => Deno.stdin.isTerminal(),
  print: (line) => standardOutput.print(line),
  writeOutput: (bytes) => Deno.stdout.write(bytes),
  isReaderGone: () => standardOutput.isReaderGone,
  say: (line) => {
    try {
      console.error(line);
    } catch {
      // The exit code says it, too.
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
