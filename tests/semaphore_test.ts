/**
 * The semaphore: how many tasks run at a time, and in which order they start.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { Semaphore } from "../src/semaphore.ts";

Deno.test("semaphore: only so many tasks run at a time, the next one starts when one ends or fails, in the order of asking", async () => {
  const semaphore = new Semaphore(2);
  const started: number[] = [];
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
  const results = ends.map(({ promise }, at) =>
    semaphore.run(() => {
      started.push(at);
      return promise;
    })
  );
  assertEquals([started, semaphore.isIdle], [[0, 1], false]);
  ends[1]!.reject(new Error("it failed"));
  await assertRejects(() => results[1]!, Error, "it failed");
  assertEquals(started, [0, 1, 2]);
  for (const at of [0, 2, 3]) ends[at]!.resolve(at);
  assertEquals([await results[0], await results[2], await results[3]], [0, 2, 3]);
  assertEquals([started, semaphore.isIdle], [[0, 1, 2, 3], true]);
});
