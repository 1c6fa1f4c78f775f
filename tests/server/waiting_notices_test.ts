/**
 * Lines of the waiting room are signed once for all who wait.
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { readWaiting } from "../../src/envelope/waiting.ts";
import { waitingNoticeReuseMs } from "../../src/limits.ts";
import { WaitingNotices } from "../../src/server/waiting_notices.ts";
import { anchor, atMs, server } from "../envelope/vector_parties.ts";
import { ManualClock } from "../manual_clock.ts";

function makeNotices() {
  const clock = new ManualClock(atMs);
  return { clock, notices: new WaitingNotices({ identity: server, clock }) };
}

Deno.test("notices: each says what it is about", async () => {
  const { notices } = makeNotices();
  assertEquals(await readWaiting(await notices.place(3), { anchor, atMs }), { place: 3 });
  assertEquals(await readWaiting(await notices.full(), { anchor, atMs }), { full: true });
});

Deno.test("notices: ten thousand that are turned away cost one signature, a full room one for each place", async () => {
  const { notices } = makeNotices();
  for (let count = 0; count < 10_000; count++) await notices.full();
  assertEquals(notices.signed, 1);
  for (let leaving = 0; leaving < 10; leaving++) {
    for (let place = 1; place <= 100; place++) await notices.place(place);
  }
  assertEquals(notices.signed, 101);
});

Deno.test("notices: a line is used again for its time, and made anew after it", async () => {
  const { clock, notices } = makeNotices();
  const first = await notices.place(1);
  clock.advance(waitingNoticeReuseMs - 1);
  assertEquals(await notices.place(1), first);
  clock.advance(1);
  assertNotEquals(await notices.place(1), first);
});
