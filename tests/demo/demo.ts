/**
 * The entry point of `deno task demo`. It works in a folder of its own, and removes it even after a
 * failure or an interruption. It exits with 1 when a result is wrong.
 */
import { play } from "./play.ts";
import { UnexpectedError } from "./program.ts";
import { Stage } from "./stage.ts";

const startMs = performance.now();
const stage = new Stage();

const exitCodesOfSignals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, async () => {
    await stage.clear();
    Deno.exit(exitCodesOfSignals[signal]);
  });
}

let failure: unknown;
try {
  await play(stage);
} catch (error) {
  failure = error;
}
await stage.clear();
if (failure === undefined) {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(
    `\nAll as it should be, in ${seconds} s. Its processes have ended, its folder is gone.`,
  );
} else {
  console.error("\nThe demo FAILED.");
  console.error(failure instanceof UnexpectedError ? failure.message : failure);
}
// The listeners for signals would keep it running.
Deno.exit(failure === undefined ? 0 : 1);
