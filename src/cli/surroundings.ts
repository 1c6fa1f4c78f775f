/**
 * What the command line has around it: the environment, the three standard streams, signals. Passed in, so that the program can be
 * run within another, as tests do.
 */
import type { SessionKey } from "../envelope/session_key.ts";
import type { RsaBits } from "../limits.ts";

export interface Surroundings {
  /** A variable of the environment. */
  readonly environment: (name: string) => string | undefined;
  /** The standard input, for whoever reads it first. */
  readonly openInput: () => ReadableStream<Uint8Array>;
  /** Whether somebody sits at the standard input who can be asked. */
  readonly isTerminal: () => boolean;
  /** Prints a line of a result. */
  readonly print: (line: string) => void;
  /** Prints a line that is no result. */
  readonly say: (line: string) => void;
  /**
   * Calls the listener at each SIGINT and SIGTERM instead of ending.
   *
   * @returns stops that
   */
  readonly onSignal: (listener: () => void) => () => void;
  /** Makes the session key that this process announces. */
  readonly makeSessionKey: (bits: RsaBits) => Promise<SessionKey>;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** This process. */
export const systemSurroundings: Surroundings = {
  environment: (name) => Deno.env.get(name),
  openInput: () => Deno.stdin.readable,
  isTerminal: () => Deno.stdin.isTerminal(),
  print: (line) => console.log(line),
  say: (line) => console.error(line),
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
