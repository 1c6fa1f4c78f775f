/**
 * The table of addresses that lines are counted for is bounded, and loses no count.
 */
import { assertEquals } from "@std/assert";
import { LogAllowance } from "../../src/cli/log_allowance.ts";
import { addressesRememberedMax, logLinesMax } from "../../src/limits.ts";
import { ManualClock } from "../manual_clock.ts";

Deno.test("allowance: past the table's size the oldest address is told of and forgotten", () => {
  const clock = new ManualClock();
  const told: [string, number][] = [];
  const allowance = new LogAllowance({
    clock,
    onLeftOut: (address, lines) => told.push([address, lines]),
  });
  for (let count = 0; count < logLinesMax + 3; count++) allowance.take("first");
  for (let other = 1; other < addressesRememberedMax; other++) allowance.take(String(other));
  assertEquals([told, clock.pending], [[], addressesRememberedMax]);
  allowance.take("one more");
  assertEquals([told, clock.pending], [[["first", 3]], addressesRememberedMax]);
  allowance.close();
  assertEquals(clock.pending, 0);
});
