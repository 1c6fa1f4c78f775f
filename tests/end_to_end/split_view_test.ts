/**
 * An operator runs two servers on two copies of the ledger, with one identity: alice uses one, and
 * bob the other. Each of them sees a ledger that only grows.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { json, jsonLines, openSceneInProcess } from "./driver.ts";

Deno.test("the first payment between members who see two ledgers tells both, with evidence for others", async () => {
  await using scene = await openSceneInProcess(["alice", "bob"]);
  const copy = scene.path("copy.db");
  assertEquals((await scene.ledgerInProcess("backup", copy)).code, 0);
  const [alices, bobs] = [
    scene.server.port,
    (await scene.startServerInProcess({ env: { MICROPAY_DB: copy } })).port,
  ];
  const pay = async (as: string, port: number, ...args: string[]) =>
    await scene.inProcess(["pay", ...args, "--json"], { as, port });
  assertEquals((await pay("alice", alices, "bob", "1", "--via-server")).code, 0);
  assertEquals((await pay("bob", bobs, "alice", "2", "--via-server")).code, 0);

  await copyFolder(scene.home("bob"), scene.home("puppet"));
  const bob = await scene.receiver("bob", ["--count", "1"], bobs);
  const { port } = json(bob.stdout.lines[0]!);
  // The first server has to tell alice where bob is.
  const advertise = ["--advertise", `127.0.0.1:${port}`, "--no-relay"];
  await scene.receiver("puppet", advertise, alices);

  // The second server books the payment. The first one does not, and makes it void for alice when
  // bob is gone.
  const paid = await pay("alice", alices, "bob", "3");
  assertEquals([paid.code, jsonLines(paid.stdout)[0]!.code], [5, 264]);
  const taken = await bob.end();
  assertEquals(taken.code, 5);
  const outputs = [["bob", paid.stdout], ["alice", taken.stdout]] as const;
  for (const [seenBy, stdout] of outputs) {
    const alarm = jsonLines(stdout).at(-1)!;
    assertEquals([alarm.code, alarm.rewrittenAt, alarm.missing], [400, undefined, []]);
    const other = alarm.otherLedger as Record<string, unknown>;
    assertEquals([other.seenBy, other.entries], [seenBy, 3]);
    const said = await scene.verifyInProcess("--evidence", String(alarm.evidence));
    assertEquals([said.code, said.stderr], [0, ""]);
    assertMatch(said.stdout, /^The server signed a ledger of 3 rows; asked later to prove that/);
  }
});

async function copyFolder(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-r", from, to] }).output();
  assert(success);
}
