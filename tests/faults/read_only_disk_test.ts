/**
 * The ledger's disk turns read-only under the running server. The server stops with one line and
 * loses nothing that it acknowledged.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openScene } from "../end_to_end/driver.ts";
import { checkRound } from "../soak/check_round.ts";
import { Crowd } from "../soak/crowd.ts";
import { mountReadOnlyDisk } from "./read_only_disk.ts";

const probe = await mountReadOnlyDisk();
await probe?.[Symbol.asyncDispose]();
if (!probe) console.log("ignored: no disk that turns read-only can be mounted here");

Deno.test({
  name:
    "a server whose disk becomes read-only stops with exit code 1; after the repair no payment is lost or in doubt",
  ignore: !probe,
}, async () => {
  await using disk = (await mountReadOnlyDisk())!;
  await using scene = await openScene();
  const db = `${disk.folder}/server.db`;
  const args = ["20", "--silent", "--host", "127.0.0.1", "--db", db];
  await scene.startServer({ args });
  const { port, program } = scene.server;
  const crowd = await Crowd.open(scene, { members: 2, ports: [port] });
  const [alice, bob] = crowd.members;
  for (const viaServer of [true, false]) {
    assert((await alice!.pay({ to: bob!.name, viaServer })).paid);
  }

  await disk.turnReadOnly();
  const stopped = program.end();
  crowd.back = stopped.then(async () => {
    await disk.repair();
    await scene.startServer({ args, port });
  });
  const { paid, refusal } = await alice!.pay({ to: bob!.name, viaServer: true });
  assertEquals([paid, refusal], [undefined, undefined], "in doubt");
  const { code, stderr } = await stopped;
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^micropay: cannot write the ledger [^\n]*server\.db: disk I\/O error while writing it or its log [^\n]*\n$/,
  );

  await crowd.settle();
  assert((await bob!.pay({ to: alice!.name, viaServer: true })).paid);
  await crowd.leave();
  assertEquals((await scene.server.stop()).code, 0);
  await checkRound(scene, crowd.attempts, { db });
});
