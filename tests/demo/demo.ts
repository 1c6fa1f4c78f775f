/**
 * The main job, start to end: `deno task demo`. Works in a folder of its own, which is gone afterwards, also when the demo failed
 * or was interrupted. Ends with 1 when anything is not as it should be.
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
