/** A short run of `deno task restarts`. */
import { assert } from "@std/assert";
import { restartRounds } from "./restart_rounds.ts";

Deno.test("receive: while its server is killed and restarted, each payment is printed once", async () => {
  assert(await restartRounds({ rounds: 2 }) >= 3);
});
