/**
 * Deadlines of waits.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Deadline, withDeadline } from "../../src/transport/deadline.ts";
import { ManualClock } from "../manual_clock.ts";

Deno.test("a deadline expires at its time, once, and remembers it", () => {
  const clock = new ManualClock();
  let runs = 0;
  const deadline = new Deadline(clock, () => runs++);
  deadline.set(10);
  clock.advance(9);
  assertEquals([runs, deadline.passed], [0, false]);
  clock.advance(1);
  assertEquals([runs, deadline.passed], [1, true]);
  clock.advance(100);
  assertEquals(runs, 1);
});

Deno.test("a deadline that is set again counts from then", () => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, () => {});
  deadline.set(10);
  clock.advance(9);
  deadline.set(10);
  clock.advance(9);
  assert(!deadline.passed);
  clock.advance(1);
  assert(deadline.passed);
});

Deno.test("a cleared or unlimited deadline never expires and leaves no timer", () => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, () => {});
  deadline.set(10);
  deadline.set(undefined);
  assertEquals(clock.pending, 0);
  deadline.set(10);
  deadline.clear();
  deadline.clear();
  assertEquals(clock.pending, 0);
  assert(!deadline.passed);
});

Deno.test("changing the wall clock moves no deadline", () => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, () => {});
  deadline.set(10);
  clock.jump(1e12);
  clock.advance(9);
  assert(!deadline.passed);
});

/** Settles only when it is aborted. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(new DOMException("given up", "AbortError"));
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp);
  });
}

Deno.test("a task that ends in time returns its result and leaves no timer", async () => {
  const clock = new ManualClock();
  assertEquals(await withDeadline(() => Promise.resolve(5), { clock, timeoutMs: 10 }), 5);
  assertEquals(clock.pending, 0);
});

Deno.test("the error of a task is passed on and leaves no timer", async () => {
  const clock = new ManualClock();
  const failing = () => Promise.reject(new RangeError("no"));
  await assertRejects(() => withDeadline(failing, { clock, timeoutMs: 10 }), RangeError);
  assertEquals(clock.pending, 0);
});

Deno.test("a task that takes too long is aborted", async () => {
  const clock = new ManualClock();
  const rejected = assertRejects(() => withDeadline(untilAborted, { clock, timeoutMs: 10 }));
  clock.advance(10);
  await rejected;
  assertEquals(clock.pending, 0);
});

Deno.test("the caller may abort a task early, or before it starts", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const { signal } = controller;
  const rejected = assertRejects(() =>
    withDeadline(untilAborted, { clock, timeoutMs: 10, signal })
  );
  controller.abort();
  await rejected;
  await assertRejects(() => withDeadline(untilAborted, { clock, timeoutMs: 10, signal }));
  assertEquals(clock.pending, 0);
});
