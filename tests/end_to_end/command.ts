/**
 * Runs the command line in the test's own process, from its arguments to the exit code, with all
 * its output. {@link Program} runs it as a process, for what only a process shows. Processes for
 * the other steps would take most of the time of the tests.
 */
import { run } from "../../src/cli/run.ts";
import { systemProcessIo } from "../../src/cli/process_io.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import type { Ended } from "./program.ts";

export interface CommandOptions {
  /** Its whole environment. It runs in the test's folder, so files are named by absolute paths. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the command to its end without signals or input. All commands share a session key. */
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
    hideTyping: () => () => {},
    print: (line) => stdout += `${line}\n`,
    say: (line) => stderr += `${line}\n`,
    onSignal: () => () => {},
    makeSessionKey: () => Promise.resolve(sessionKeys.alice),
  });
  return { code, signal: null, stdout, stderr };
}
