/**
 * The clock and its units.
 */
import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { type Clock, nowSeconds, systemClock } from "../src/clock.ts";

const cases: readonly { readonly ms: number; readonly seconds: number }[] = [
  { ms: 0, seconds: 0 },
  { ms: 999, seconds: 0 },
  { ms: 1000, seconds: 1 },
  { ms: 1_795_420_800_999.5, seconds: 1_795_420_800 },
  { ms: -1, seconds: -1 },
];

for (const { ms, seconds } of cases) {
  Deno.test(`${ms} ms are ${seconds} whole seconds`, () => {
    const clock: Clock = { ...systemClock, nowMs: () => ms };
    assertEquals(nowSeconds(clock), seconds);
  });
}

Deno.test("the machine's clock is the wall clock, in milliseconds", () => {
  assertLess(Math.abs(systemClock.nowMs() - Date.now()), 1000);
});

Deno.test("monotonic time never goes back", () => {
  let before = systemClock.monotonicMs();
  for (let round = 0; round < 1000; round++) {
    const now = systemClock.monotonicMs();
    assertGreaterOrEqual(now, before);
    before = now;
  }
});

Deno.test("a scheduled action runs once", async () => {
  let runs = 0;
  await new Promise<void>((done) => {
    systemClock.schedule(1, () => runs++);
    systemClock.schedule(10, done);
  });
  assertEquals(runs, 1);
});

Deno.test("a cancelled action never runs, and a second cancel does nothing", async () => {
  let runs = 0;
  const cancel = systemClock.schedule(1, () => runs++);
  cancel();
  cancel();
  let late = () => {};
  await new Promise<void>((done) => late = systemClock.schedule(10, done));
  late();
  assertEquals(runs, 0);
});
