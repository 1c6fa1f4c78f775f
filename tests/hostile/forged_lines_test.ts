/**
 * Lines with any fault in their bytes, encryption, signature or message. The server and a payee
 * react to every fault in the same way, in a first or later message. They send nothing and close
 * the connection, after the same events in the same order.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { aliceLine } from "../envelope/hostile_message.ts";
import { hostileLines } from "../envelope/hostile_lines.ts";
import { alice } from "../envelope/vector_parties.ts";
import { attack, type Position, type Seen } from "./forged_line.ts";
import { hostileBytes, mutation } from "./hostile_bytes.ts";
import { isServed } from "./scene.ts";
import { type Receiver, VectorScene } from "./vector_scene.ts";

const positions: readonly Position[] = ["first", "later"];
const receivers: readonly Receiver[] = ["server", "payee"];

/** What was reported of a connection whose line was refused. */
const reported: Readonly<Record<Position, readonly string[]>> = {
  first: ["connected", "line_refused", "disconnected"],
  later: ["connected", "message", "line_refused", "disconnected"],
};

function attacks(position: Position) {
  const only = position === "first" ? "next" : "first";
  return [...hostileLines.filter((line) => line.only !== only), ...hostileBytes];
}

for (const receiver of receivers) {
  for (const position of positions) {
    Deno.test(`forged: for every fault in a ${position} line, the ${receiver} closes in the same way and sends nothing`, async (t) => {
      await using scene = await VectorScene.open();
      const { server } = scene;
      const before = await server.ledger.totals();
      let first: Seen | undefined;
      for (const { what, make } of attacks(position)) {
        await t.step(what, async () => {
          const seen = await attack(scene, { receiver, position, make });
          first ??= seen;
          assertEquals(seen, first);
        });
      }
      assert(first);
      assertEquals(first.answered, 0);
      assertEquals(first.told.length, position === "first" ? 2 : 3);
      if (receiver === "server") assertEquals(first.events, reported[position]);
      assertEquals(await server.ledger.totals(), before);
      assertEquals(server.events.all.filter(({ kind }) => kind === "fault"), []);
      assert(await isServed(await scene.link(alice)));
    });
  }

  Deno.test(`forged: the ${receiver} refuses a good line that was changed at any place`, async () => {
    await using scene = await VectorScene.open();
    let first: Seen | undefined;
    await fc.assert(
      fc.asyncProperty(mutation, fc.constantFrom(...positions), async (change, position) => {
        let isChanged = true;
        const seen = await attack(scene, {
          receiver,
          position,
          make: async (place) => {
            const line = await aliceLine(place);
            const made = change(line);
            isChanged = made !== line;
            return made;
          },
        });
        fc.pre(isChanged);
        if (position === "first") assertEquals(seen, first ??= seen);
        assertEquals(seen.answered, 0);
        assertEquals(seen.told.length, position === "first" ? 2 : 3);
      }),
      { numRuns: 40 },
    );
  });
}
