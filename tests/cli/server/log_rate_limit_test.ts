/**
 * The table of addresses that lines are counted for is bounded, and loses no count.
 */
import { assertEquals } from "@std/assert";
import { LogAllowance } from "../../../src/cli/server/log_rate_limit.ts";
import { addressesRememberedMax, logLinesMax } from "../../../src/limits.ts";
import { ManualClock } from "../../manual_clock.ts";

Deno.test("allowance: past the table's size the oldest address is told of and forgotten", () => {
  const clock = new ManualClock();
  const told: [string, number][] = [];
  const allowance = new LogAllowance({
    clock,
    onLeftOut: ({ name }, lines) => told.push([name, lines]),
  });
  const take = (name: string) => allowance.take({ kind: "address", name });
  for (let count = 0; count < logLinesMax + 3; count++) take("first");
  for (let other = 1; other < addressesRememberedMax; other++) take(String(other));
  assertEquals([told, clock.pending], [[], addressesRememberedMax]);
  take("one more");
  assertEquals([told, clock.pending], [[["first", 3]], addressesRememberedMax]);
  allowance.close();
  assertEquals(clock.pending, 0);
});

Deno.test("allowance: what is counted for two of which one has to make room for the other is lost for neither", () => {
  const clock = new ManualClock();
  const told: [string, number][] = [];
  const allowance = new LogAllowance({
    clock,
    onLeftOut: ({ name }, lines) => told.push([name, lines]),
  });
  for (let other = 0; other < addressesRememberedMax; other++) {
    allowance.take({ kind: "member", name: String(other) });
  }
  const both = [{ kind: "member", name: "0" }, { kind: "members_at", name: "new" }] as const;
  for (let count = 0; count < logLinesMax + 3; count++) allowance.take(...both);
  assertEquals(clock.pending, addressesRememberedMax);
  allowance.close();
  assertEquals(told, [["0", 3]]);
});
