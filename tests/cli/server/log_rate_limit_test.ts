/**
 * The log's rate limit remembers a bounded number of subjects, and loses no count.
 */
import { assertEquals } from "@std/assert";
import { LogRateLimit } from "../../../src/cli/server/log_rate_limit.ts";
import { addressesRememberedMax, logLinesMax } from "../../../src/limits.ts";
import { ManualClock } from "../../manual_clock.ts";

Deno.test("log rate limit: a full table reports and forgets the address that was quiet longest", () => {
  const clock = new ManualClock();
  const told: [string, number][] = [];
  const rateLimit = new LogRateLimit({
    clock,
    onLeftOut: ({ name }, lines) => told.push([name, lines]),
  });
  const take = (name: string) => rateLimit.take({ kind: "address", name });
  for (let count = 0; count < logLinesMax + 3; count++) take("first");
  for (let other = 1; other < addressesRememberedMax; other++) take(String(other));
  assertEquals([told, clock.pending], [[], addressesRememberedMax]);
  take("one more");
  assertEquals([told, clock.pending], [[["first", 3]], addressesRememberedMax]);
  rateLimit.close();
  assertEquals(clock.pending, 0);
});

Deno.test("log rate limit: a line about two subjects counts for both, although the table is full", () => {
  const clock = new ManualClock();
  const told: [string, number][] = [];
  const rateLimit = new LogRateLimit({
    clock,
    onLeftOut: ({ name }, lines) => told.push([name, lines]),
  });
  for (let other = 0; other < addressesRememberedMax; other++) {
    rateLimit.take({ kind: "member", name: String(other) });
  }
  const both = [{ kind: "member", name: "0" }, { kind: "members_at", name: "new" }] as const;
  for (let count = 0; count < logLinesMax + 3; count++) rateLimit.take(...both);
  assertEquals(clock.pending, addressesRememberedMax);
  rateLimit.close();
  // Its first line filled the table.
  assertEquals(told, [["0", 4]]);
});
