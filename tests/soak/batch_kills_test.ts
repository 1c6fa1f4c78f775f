/** A short round of `deno task batch-kills`. */
import { assertEquals } from "@std/assert";
import { batchKills } from "./batch_kills.ts";

Deno.test("batch: a run that is killed twice and run again pays each line once", async () => {
  assertEquals(await batchKills({ lines: 120, kills: 2 }), 120);
});
