/**
 * A server process with more connections than file descriptors. It accepts connections again after
 * some of them close.
 */
import { assert, assertEquals } from "@std/assert";
import { openScene } from "../end_to_end/driver.ts";
import { Crowd } from "../soak/crowd.ts";
import { hasProcessFigures, processFigures } from "./process_figures.ts";

const descriptorsMax = 64;

Deno.test({
  name:
    "without descriptors, a server serves those who are connected, and accepts again when some leave",
  ignore: !hasProcessFigures,
}, async () => {
  await using scene = await openScene();
  await scene.startServer({
    args: ["200", "--silent", "--host", "127.0.0.1"],
    prefix: ["sh", "-c", `ulimit -n ${descriptorsMax}; exec "$0" "$@"`],
  });
  const { port, program } = scene.server;
  const crowd = await Crowd.open(scene, { members: 2, ports: [port] });
  const [alice, bob] = crowd.members;
  const before = await processFigures(program.pid);
  const strangers = await Promise.all(
    Array.from({ length: descriptorsMax }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  await program.line(/^accept a connection: .*os error 24/);
  // Booking opens nothing.
  const paid = await alice!.pay({ to: bob!.name, viaServer: true });
  assert(paid.paid, paid.refusal?.text);
  for (const stranger of strangers) stranger.close();
  await scene.register("carol");
  assertEquals((await scene.client(["balance"], { as: "carol" })).stdout, "10000\n");
  await crowd.leave();
  assertEquals((await processFigures(program.pid)).descriptors, before.descriptors - 2);
  assertEquals((await scene.server.stop()).code, 0);
});
