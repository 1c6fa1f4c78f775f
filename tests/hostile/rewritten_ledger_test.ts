/**
 * A dishonest operator rewrites the ledger's file, and makes a tree that fits. The members' own
 * clients find it at their next command or payment, with evidence that a third person checks.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { systemClock } from "../../src/clock.ts";
import { json, jsonLines, openSceneInProcess, type Scene, step } from "../end_to_end/driver.ts";
import { type EntryRow, rewriteLedger } from "./rewrite_ledger.ts";

/** Three openings come first. */
const payments = [
  ["alice", "bob"],
  ["bob", "alice"],
  ["alice", "carol"],
  ["carol", "bob"],
  ["alice", "bob"],
] as const;

/** Carol's payment to bob: alice has no receipt of it. */
const place = 6;

const copyOf = (row: EntryRow): EntryRow => ({
  ...row,
  id: makeOrderId(systemClock, systemRandom),
});

const attacks: Readonly<Record<string, (rows: readonly EntryRow[]) => readonly EntryRow[]>> = {
  "removes an entry": (rows) => rows.toSpliced(place, 1),
  "changes an entry": (rows) => rows.with(place, { ...rows[place]!, amount: 77 }),
  "reorders two entries": (rows) =>
    rows.with(place, rows[place + 1]!).with(place + 1, rows[place]!),
  "inserts an entry": (rows) => rows.toSpliced(place, 0, copyOf(rows[place]!)),
  "restores an old backup": (rows) => rows.slice(0, place),
  "restores an old backup and goes on": (rows) => [
    ...rows.slice(0, place),
    ...[3, 3, 3, 3].map((at) => copyOf(rows[at]!)),
  ],
};

Deno.test("a server whose operator rewrote its ledger is caught by the members' next commands", async (t) => {
  await using scene = await openSceneInProcess(["alice", "bob", "carol"]);
  for (const [payer, payee] of payments) {
    const words = ["pay", payee, "5", "--via-server"];
    assertEquals((await scene.inProcess(words, { as: payer })).code, 0);
  }
  // Each member has now followed the ledger to its end.
  await everybodyIsContent(scene);
  await scene.server.stop();
  const kept = ["server.db", ...["alice", "bob"].map((name) => join("homes", name, "wallet.db"))];
  const originals = await Promise.all(kept.map((file) => Deno.readFile(scene.path(file))));
  const begin = async (change: (rows: readonly EntryRow[]) => readonly EntryRow[]) => {
    for (const [index, file] of kept.entries()) {
      for (const end of ["-wal", "-shm"]) {
        await Deno.remove(scene.path(`${file}${end}`)).catch(() => {});
      }
      await Deno.writeFile(scene.path(file), originals[index]!);
    }
    rewriteLedger(scene.path("server.db"), change);
    await scene.startServerInProcess({ port: scene.server.port });
  };

  await step(t, "a ledger with the same rows is the same ledger", async () => {
    await begin((rows) => rows);
    await everybodyIsContent(scene);
    await scene.server.stop();
  });
  for (const [attack, change] of Object.entries(attacks)) {
    const newcomer = `new${Object.keys(attacks).indexOf(attack)}`;
    await step(t, `a server that ${attack} is caught`, async () => {
      await begin(change);
      const asked = await scene.inProcess(["balance", "--json"], { as: "alice" });
      await mustConvict(scene, asked);
      const paid = await scene.inProcess(["pay", "alice", "1", "--via-server", "--json"], {
        as: "bob",
      });
      assertEquals(jsonLines(paid.stdout)[0]!.code, 130);
      await mustConvict(scene, paid);
      // The ledger is consistent: somebody who has not seen it before finds nothing.
      await scene.register(newcomer);
      const { code, stderr } = await scene.inProcess(["balance"], { as: newcomer });
      assertEquals([code, stderr], [0, ""]);
      await scene.server.stop();
    });
  }
  await step(t, "an honest server is accused of nothing afterwards", async () => {
    await begin((rows) => rows);
    await everybodyIsContent(scene);
  });
});

async function everybodyIsContent(scene: Scene): Promise<void> {
  for (const name of ["alice", "bob", "carol"]) {
    const { code, stderr } = await scene.inProcess(["balance"], { as: name });
    assertEquals([name, code, stderr], [name, 0, ""]);
    assertEquals((await scene.inProcess(["audit"], { as: name })).code, 0);
  }
}

/** Checks that a command ended with 5, and that its evidence convicts the server offline. */
async function mustConvict(
  scene: Scene,
  { code, stdout }: { readonly code: number; readonly stdout: string },
): Promise<void> {
  const found = jsonLines(stdout).at(-1)!;
  assertEquals([code, found.code], [5, 400], stdout);
  assert(typeof found.evidence === "string", stdout);
  const verified = await scene.verifyInProcess("--evidence", found.evidence, "--json");
  const { valid, restsOn, text } = json(verified.stdout);
  assertEquals([verified.code, valid, restsOn], [0, true, "signatures"]);
  assertMatch(String(text), /^the server signed .*; asked later to prove that/);
}
