/**
 * The command line in the test's own process: from the words to the exit code, with everything that it would print. For what only
 * a process shows there is {@link Program}; this is for the steps around it, which as processes would take nearly all the time.
 */
import { run } from "../../src/cli/run.ts";
import { systemProcessIo } from "../../src/cli/process_io.ts";
import { generateSessionKey, type SessionKey } from "../../src/envelope/session_key.ts";
import type { Ended } from "./program.ts";

let sessionKey: Promise<SessionKey> | undefined;

export interface CommandOptions {
  /** Its whole environment. It runs in the test's folder, so files are named by their whole paths. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs it to its end. It is sent no signal, reads nothing, and shares a session key with the others of the same test file. */
export async function runCommand(
  args: readonly string[],
  { env }: CommandOptions,
): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  const code = await run(args, {
    ...systemProcessIo,
    environment: (name) => env[name],
    openInput: () => new Blob([]).stream(),
    isTerminal: () => false,
    print: (line) => stdout += `${line}\n`,
    say: (line) => stderr += `${line}\n`,
    onSignal: () => () => {},
    makeSessionKey: () => sessionKey ??= generateSessionKey(2048),
  });
  return { code, signal: null, stdout, stderr };
}
