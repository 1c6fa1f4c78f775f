/**
 * The program as `main.ts` runs it, but its session key of 2048 bits is made already. To make one
 * takes most of the time of a process that does one thing.
 */
import { systemProcessIo } from "../../src/cli/process_io.ts";
import { run } from "../../src/cli/run.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import type { RsaBits } from "../../src/limits.ts";

async function makeSessionKey(bits: RsaBits): Promise<SessionKey> {
  if (bits !== 2048) return await systemProcessIo.makeSessionKey(bits);
  const { sessionKeys } = await import("../envelope/vector_session_keys.ts");
  return Deno.args[0] === "server" ? sessionKeys.server : sessionKeys.alice;
}

if (import.meta.main) Deno.exit(await run(Deno.args, { ...systemProcessIo, makeSessionKey }));
