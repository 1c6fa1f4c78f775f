/**
 * TCP connections that close at once do not affect other peers or the server's process. `deno task
 * load` makes 10,000 of them.
 */
import { assert, assertEquals } from "@std/assert";
import { openScene } from "../end_to_end/driver.ts";
import { Crowd } from "../soak/crowd.ts";
import {
  figuresText,
  hasProcessFigures,
  type ProcessFigures,
  processFigures,
} from "./process_figures.ts";
import { closeAtOnce } from "./strangers.ts";

const connections = 2000;
const atATime = 200;
const grownBytesMax = 48e6;

Deno.test({
  name:
    "2,000 connections that close at once use up no descriptors, and others are served meanwhile",
  ignore: !hasProcessFigures,
}, async () => {
  await using scene = await openScene();
  await scene.startServer({ args: ["100", "--silent", "--host", "127.0.0.1"] });
  const { port, program } = scene.server;
  const crowd = await Crowd.open(scene, { members: 2, ports: [port] });
  const [alice, bob] = crowd.members;
  const before = await processFigures(program.pid);
  for (let count = 0; count < connections; count += atATime) {
    await closeAtOnce(port, atATime);
    const attempt = await alice!.pay({ to: bob!.name, viaServer: false });
    assert(attempt.paid, attempt.refusal?.text);
  }
  await crowd.leave();
  // A new member connects after all of them.
  await scene.register("carol");
  assertEquals((await scene.client(["balance"], { as: "carol" })).stdout, "10000\n");
  const after = await settledFigures(program.pid, { descriptors: before.descriptors - 2 });
  const figures = `${figuresText(before)} before, ${figuresText(after)} after`;
  assertEquals(after.descriptors, before.descriptors - 2, figures);
  assert(after.residentBytes - before.residentBytes < grownBytesMax, figures);
  assertEquals((await scene.server.stop()).code, 0);
});

/** Polls until a process has so many descriptors. After many polls it returns the last count. */
async function settledFigures(
  pid: number,
  { descriptors }: { readonly descriptors: number },
): Promise<ProcessFigures> {
  // The server closes its end of a connection a little after its client is gone.
  for (let questions = 1000;; questions--) {
    const figures = await processFigures(pid);
    if (figures.descriptors === descriptors || questions === 0) return figures;
  }
}
