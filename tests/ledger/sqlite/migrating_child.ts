/** Migrates a ledger to the next version. Argument: file. */
import { migrate } from "./older_ledger.ts";

Deno.stdout.writeSync(new TextEncoder().encode("now\n"));
await migrate(Deno.args[0]!);
