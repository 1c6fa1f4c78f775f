/**
 * Replies and pushed messages of a session, and the turns that pay for them.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { ClosedError } from "../../../src/errors.ts";
import { sealsPerTurn } from "../../../src/limits.ts";
import { FairQueue, Share } from "../../../src/server/fair_queue.ts";
import { Session } from "../../../src/server/session/session.ts";
import type { Channel } from "../../../src/transport/channel.ts";
import { openChannel } from "../../transport/channel_fixture.ts";
import { MemoryNetwork } from "../../transport/memory_network.ts";
import { withEnds } from "../../transport/streams.ts";
import { named } from "../test_server.ts";

/** A share that counts its turns. */
class CountedShare extends Share {
  turns = 0;

  override run<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    this.turns++;
    return super.run(task);
  }
}

function openSession(channel: Channel, name: string): { session: Session; share: CountedShare } {
  const share = new CountedShare(new FairQueue({ inFlightMax: 1 }), `member ${name}`);
  const speaker = { kind: "member", name: named(name) } as const;
  return { session: new Session(channel, { speaker, share }), share };
}

async function receiveTypes(channel: Channel, count: number): Promise<string[]> {
  const types: string[] = [];
  while (types.length < count) {
    const arrival = await channel.receive();
    if (arrival.kind === "message") types.push(arrival.message.type);
  }
  return types;
}

const rows = [
  { pushes: 0, turns: 1 },
  { pushes: sealsPerTurn - 1, turns: 1 },
  { pushes: sealsPerTurn, turns: 2 },
];

for (const { pushes, turns } of rows) {
  Deno.test(`session: a reply and ${pushes} messages to another session take ${turns} of the asker's turns, and none of the other's`, async () => {
    await withEnds(new MemoryNetwork(), async (askerEnds) => {
      await withEnds(new MemoryNetwork(), async (otherEnds) => {
        const asker = await openChannel(askerEnds);
        const other = await openChannel(otherEnds);
        const mine = openSession(asker.accepted.channel, "alice");
        const theirs = openSession(other.accepted.channel, "bob");
        const push = { session: theirs.session, type: "result", body: {} };
        const pushed = Array.from({ length: pushes }, () => theirs.session);
        for (const session of pushed) session.enqueue(push);
        await mine.session.reply({}, pushed);
        assertEquals(await receiveTypes(asker.mine, 1), ["reply"]);
        assertEquals(await receiveTypes(other.mine, pushes), Array(pushes).fill("result"));
        assertEquals([mine.share.turns, theirs.share.turns], [turns, 0]);
      });
    });
  });
}

Deno.test("session: messages to another session are sent although the asker has gone", async () => {
  await withEnds(new MemoryNetwork(), async (askerEnds) => {
    await withEnds(new MemoryNetwork(), async (otherEnds) => {
      const asker = await openChannel(askerEnds);
      const other = await openChannel(otherEnds);
      const { session } = openSession(asker.accepted.channel, "alice");
      const theirs = openSession(other.accepted.channel, "bob");
      session.channel.close();
      const push = { session: theirs.session, type: "result", body: {} };
      theirs.session.enqueue(push);
      await assertRejects(() => session.reply({}, [theirs.session]), ClosedError);
      assertEquals(await receiveTypes(other.mine, 1), ["result"]);
    });
  });
});
