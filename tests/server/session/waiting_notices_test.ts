/**
 * The rate of notices to a waiting member, by the number of waiting members.
 */
import { assertEquals } from "@std/assert";
import {
  waitingChangeMs,
  waitingNoticesPerSecond,
  waitingRepeatMs,
  waitingRoomPlaces,
} from "../../../src/limits.ts";
import type { Ticket } from "../../../src/server/admission/admission.ts";
import { FairQueue } from "../../../src/server/fair_queue.ts";
import { Session } from "../../../src/server/session/session.ts";
import { WaitingNotices } from "../../../src/server/session/waiting_notices.ts";
import { ManualClock } from "../../manual_clock.ts";
import { openChannel } from "../../transport/channel_fixture.ts";
import { MemoryNetwork } from "../../transport/memory_network.ts";
import { withEnds } from "../../transport/streams.ts";
import { named } from "../test_server.ts";

const rows = [
  { waiting: 1, everyMs: waitingChangeMs },
  { waiting: waitingNoticesPerSecond, everyMs: waitingChangeMs },
  { waiting: 5 * waitingNoticesPerSecond, everyMs: 5 * waitingChangeMs },
  { waiting: waitingRoomPlaces, everyMs: waitingRepeatMs },
];

Deno.test("notices: the more members wait, the fewer notices each of them gets", async () => {
  await withEnds(new MemoryNetwork(), async (ends) => {
    const { mine, accepted: { channel } } = await openChannel(ends);
    const share = new FairQueue({ inFlightMax: 1 }).share("member alice");
    const session = new Session(channel, {
      speaker: { kind: "member", name: named("alice") },
      share,
    });
    for (const { waiting, everyMs } of rows) {
      const clock = new ManualClock();
      const ticket: { place: number } & Ticket = { place: 9, onMove: () => {}, release: () => {} };
      const notices = new WaitingNotices(session, ticket, { clock, waitingCount: () => waiting });
      assertEquals(clock.nextDelayMs, waitingRepeatMs);
      for (ticket.place = 8; ticket.place > 5; ticket.place--) notices.moved();
      assertEquals(clock.nextDelayMs, everyMs);
      clock.advance(everyMs);
      assertEquals(clock.nextDelayMs, waitingRepeatMs);
      notices.stop();
      assertEquals(clock.pending, 0);
    }
    const places: unknown[] = [];
    while (places.length < 2 * rows.length) {
      const arrival = await mine.receive();
      if (arrival.kind === "message") places.push(arrival.message.body.place);
    }
    assertEquals(places, rows.flatMap(() => [9, 5]));
  });
});
