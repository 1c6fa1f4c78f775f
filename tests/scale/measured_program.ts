/**
 * The program as `main.ts` runs it. At its end it writes what it took, as JSON, to the file that
 * SCALE_FIGURES names. Its session key of 2048 bits is made already, because the time to make one
 * differs from run to run.
 */
import process from "node:process";
import { systemProcessIo } from "../../src/cli/process_io.ts";
import { run } from "../../src/cli/run.ts";
import { peakBytesOf } from "../faults/process_figures.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";

/** What a process took. */
export interface ProgramFigures {
  /** User and system time of all threads. */
  readonly cpuMs: number;
  readonly peakBytes: number;
}

if (import.meta.main) {
  const makeSessionKey = () =>
    Promise.resolve(Deno.args[0] === "server" ? sessionKeys.server : sessionKeys.alice);
  const code = await run(Deno.args, { ...systemProcessIo, makeSessionKey });
  const { user, system } = process.cpuUsage();
  const figures: ProgramFigures = {
    cpuMs: (user + system) / 1000,
    peakBytes: await peakBytesOf(process.pid),
  };
  const file = Deno.env.get("SCALE_FIGURES");
  if (file !== undefined) Deno.writeTextFileSync(file, JSON.stringify(figures));
  Deno.exit(code);
}
