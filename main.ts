/**
 * micropay: a self-hosted person-to-person micropayment system. The executable's entry point.
 */
import { run } from "./src/cli/run.ts";

if (import.meta.main) Deno.exit(await run(Deno.args));
