import { assertEquals } from "@std/assert";
import { addressesRememberedMax } from "../../../src/limits.ts";
import { TokenBuckets } from "../../../src/server/admission/token_buckets.ts";
import { ManualClock } from "../../manual_clock.ts";

const [atOnce, everyMs] = [3, 100];

function make() {
  const clock = new ManualClock();
  return { clock, buckets: new TokenBuckets({ clock, atOnce, everyMs }) };
}

function takeAll(buckets: TokenBuckets, key = "a"): number {
  let taken = 0;
  while (buckets.take(key)) taken++;
  return taken;
}

Deno.test("buckets: a full bucket is taken at once, then one token comes back in each interval", () => {
  const { clock, buckets } = make();
  assertEquals([takeAll(buckets), buckets.delayMs("a")], [atOnce, everyMs]);
  clock.advance(everyMs - 1);
  assertEquals([takeAll(buckets), buckets.delayMs("a")], [0, 1]);
  clock.advance(1);
  assertEquals(takeAll(buckets), 1);
  clock.advance(2 * everyMs);
  assertEquals(takeAll(buckets), 2);
  clock.advance(100 * everyMs);
  assertEquals(takeAll(buckets), atOnce);
});

Deno.test("buckets: each key has its own bucket", () => {
  const { buckets } = make();
  takeAll(buckets, "a");
  assertEquals([buckets.delayMs("b"), takeAll(buckets, "b")], [0, atOnce]);
});

Deno.test("buckets: a token that is given back can be taken again, and a bucket never overflows", () => {
  const { buckets } = make();
  takeAll(buckets);
  buckets.giveBack("a");
  assertEquals(takeAll(buckets), 1);
  for (let count = 0; count < 10; count++) buckets.giveBack("a");
  assertEquals([buckets.remembered, takeAll(buckets)], [0, atOnce]);
});

Deno.test("buckets: the wall clock has no influence", () => {
  const { clock, buckets } = make();
  takeAll(buckets);
  clock.jump(400 * 24 * 3_600_000);
  assertEquals(takeAll(buckets), 0);
});

Deno.test("buckets: past the number of remembered keys the least recently used one is forgotten", () => {
  const { buckets } = make();
  takeAll(buckets, "a");
  for (let other = 1; other < addressesRememberedMax; other++) buckets.take(String(other));
  assertEquals(buckets.remembered, addressesRememberedMax);
  buckets.take("one more");
  assertEquals([buckets.remembered, takeAll(buckets, "a")], [addressesRememberedMax, atOnce]);
});
