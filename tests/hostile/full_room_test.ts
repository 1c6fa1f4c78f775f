/**
 * A waiting room that is full to the last place: told so, in order, and for no signature a connection.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressConnectionsMax, waitingRoomPlaces } from "../../src/limits.ts";
import { soon } from "../server/soon.ts";
import { isServed, Scene } from "./scene.ts";

Deno.test("full room: every place is taken, one more is told that it is full, and the first to come is the next to be served", async () => {
  await using scene = await Scene.open({ userLimit: 1 });
  const { server } = scene;
  const bob = await server.enroll("bob");
  await server.events.until(({ kind }) => kind === "disconnected");
  const serving = await scene.link(bob, "192.0.2.7");
  assert(await isServed(serving));

  const first = scene.link(bob, "192.0.2.8");
  await soon(() => scene.count("waiting") === 1, "the first to wait");
  // As many as one address may have from each of many addresses.
  const others = await Promise.all(
    Array.from(
      { length: waitingRoomPlaces - 1 },
      (_, at) => scene.dial(`198.51.100.${Math.floor(at / addressConnectionsMax)}`),
    ),
  );
  await soon(() => scene.count("waiting") === waitingRoomPlaces, "the room to be full");
  for (let turnedAway = 1; turnedAway <= 50; turnedAway++) {
    await assertRejects(() => scene.greet("203.0.113.1"), Error, "it is full; try again later");
    assertEquals(scene.count("full"), turnedAway);
  }
  assert(await isServed(serving));
  serving.channel.close();
  assert(await isServed(await first));
  for (const stream of others) stream.close();
  (await first).channel.close();
  await scene.allGone();
});
