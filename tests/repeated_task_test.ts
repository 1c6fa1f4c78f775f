import { assertEquals } from "@std/assert";
import { RepeatedTask } from "../src/repeated_task.ts";
import { ManualClock } from "./manual_clock.ts";
import { waitUntil } from "./server/wait_until.ts";

Deno.test("repeated task: it runs at once, then a pause after each run, also after an error", async () => {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  let runs = 0;
  const run = () => ++runs === 2 ? Promise.reject(new Error("second")) : Promise.resolve();
  const onFailure = (error: unknown) => errors.push((error as Error).message);
  const task = new RepeatedTask(run, { clock, everyMs: 1000, onFailure });
  for (const expected of [1, 2, 3]) {
    await waitUntil(() => clock.pending === 1);
    assertEquals(runs, expected);
    clock.advance(999);
    assertEquals(runs, expected);
    clock.advance(1);
  }
  await task.stop();
  assertEquals([runs, errors, clock.pending], [4, ["second"], 0]);
});

Deno.test("repeated task: woken during a run it runs once more, and after a stop never", async () => {
  const clock = new ManualClock();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let runs = 0;
  const task = new RepeatedTask(() => gates[runs++]!.promise, {
    clock,
    everyMs: 1000,
    onFailure: () => {},
  });
  task.wake();
  task.wake();
  gates[0]!.resolve();
  await waitUntil(() => runs === 2);
  let isStopped = false;
  const stopping = task.stop().then(() => isStopped = true);
  await Promise.resolve();
  assertEquals(isStopped, false);
  gates[1]!.resolve();
  await stopping;
  task.wake();
  clock.advance(1000);
  assertEquals([runs, clock.pending], [2, 0]);
});
