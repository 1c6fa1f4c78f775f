/** A member that holds as many connections as it can, and answers each liveness question. */
import { assert, assertEquals } from "@std/assert";
import type { ServerLink } from "../../src/client/server_link.ts";
import { memberIdleMs, pongTimeoutMs } from "../../src/limits.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { exitRequestType } from "../../src/protocol/exit.ts";
import { waitUntil } from "../server/wait_until.ts";
import { isServed, Scene } from "./scene.ts";

const userLimit = 3;
const accountLimit = 2;

Deno.test("holding: a member that opens one connection after another always leaves one for others", async () => {
  await using scene = await Scene.open({ userLimit });
  const { clock, server } = scene;
  const [mallory, alice] = [await server.enroll("mallory"), await server.enroll("alice")];
  const held = await hold(scene, mallory);
  for (let round = 0; round < 3; round++) {
    const refused = await scene.link(mallory, "198.51.100.2");
    const outcome = await refused.ask(balanceRequestType, {});
    assertEquals(outcome, { outcome: "refused", code: 230, text: "DUPLICATE_LOGIN" });
    await refused.closed;
    // Asked whether they are there, those that it holds answer, and stay.
    await waitUntil(() => clock.delays.filter((delayMs) => delayMs === memberIdleMs).length === 2);
    clock.advance(memberIdleMs);
    assert(clock.delays.includes(pongTimeoutMs));
    await waitUntil(() => !clock.delays.includes(pongTimeoutMs), "both answers");
    const other = await scene.link(alice, "192.0.2.7");
    assert(await isServed(other));
    await other.end();
  }
  assert(held.every(({ isOpen }) => isOpen));
});

/** Each ends one of the connections that are held. */
const ways: Readonly<Record<string, (scene: Scene, link: ServerLink) => Promise<unknown>>> = {
  "by closing": (_, link) => Promise.resolve(link.channel.close()),
  "by saying goodbye": (_, link) => link.ask(exitRequestType, {}),
  "with a message of no type": (_, link) => link.channel.send("Not A Type", {}).written,
};

for (const [way, leave] of Object.entries(ways)) {
  Deno.test(`holding: a connection that ends ${way} makes room for another one of its account`, async () => {
    await using scene = await Scene.open({ userLimit });
    const mallory = await scene.server.enroll("mallory");
    for (let round = 0; round < 3; round++) {
      const [first, second] = await hold(scene, mallory);
      await leave(scene, first!);
      await first!.closed;
      const next = await scene.link(mallory);
      assert(await isServed(next));
      for (const link of [second!, next]) await link.end();
      await scene.allGone();
    }
    assertEquals(scene.count("refused"), 0);
  });
}

async function hold(
  scene: Scene,
  identity: Parameters<Scene["link"]>[0],
): Promise<ServerLink[]> {
  const held: ServerLink[] = [];
  for (let count = 0; count < accountLimit; count++) {
    const link = await scene.link(identity, "198.51.100.1");
    assert(await isServed(link));
    held.push(link);
  }
  return held;
}
