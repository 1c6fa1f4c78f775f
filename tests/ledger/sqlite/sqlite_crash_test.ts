import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { entryLeaf } from "../../../src/ledger/entry.ts";
import { appendLeaf, emptyTree, rootOf } from "../../../src/ledger/merkle_tree.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import { alice, bob, ledgerId } from "../ledger_samples.ts";
import { inFolder, registerBoth } from "./temporary_ledger.ts";

/**
 * Acknowledged payments in the life of each child: just started, within the first log, past its
 * first checkpoint.
 */
const acknowledgedBeforeKill = [1, 150, 1500];

Deno.test("kill -9 during payments loses nothing acknowledged, and books each payment whole or not at all", () =>
  inFolder(async (folder) => {
    const file = `${folder}/server.db`;
    const first = await openSqliteLedger({ file, ledgerId });
    await registerBoth(first);
    await first.close();
    const acknowledged: string[] = [];
    for (const [round, count] of acknowledgedBeforeKill.entries()) {
      acknowledged.push(...await bookUntilKilled(file, { firstId: round * 100_000, count }));
      await requireWhole(file, acknowledged);
    }
  }));

async function bookUntilKilled(
  file: string,
  { firstId, count }: { firstId: number; count: number },
): Promise<string[]> {
  const script = new URL("booking_child.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-all", script, file, String(firstId)],
    stdout: "piped",
  }).spawn();
  let printed = "";
  let killed = false;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (!killed && printed.split("\n").length > count) {
      child.kill("SIGKILL");
      killed = true;
    }
  }
  assertEquals((await child.status).signal, "SIGKILL");
  // The last piece is empty or half a line, so nobody could have read it.
  const ids = printed.split("\n").slice(0, -1);
  assertGreaterOrEqual(ids.length, count);
  return ids;
}

async function requireWhole(file: string, acknowledged: readonly string[]): Promise<void> {
  const ledger = await openSqliteLedger({ file, ledgerId });
  try {
    for (const id of acknowledged) {
      assert(await ledger.entry(id), `${id} was acknowledged and is gone`);
    }
    const entries = (await ledger.history(alice, { limit: 1_000_000 })).reverse();
    let tree = emptyTree;
    for (const [index, entry] of entries.entries()) {
      assertEquals(entry.number, index + 1);
      tree = appendLeaf(tree, entryLeaf(entry)).tree;
      assertEquals(entry.head, rootOf(tree));
    }
    const head = rootOf(tree);
    const totals = { accounts: 2, entries: entries.length, balanceSum: 0, head };
    assertEquals(await ledger.totals(), totals);
    assertEquals((await ledger.account(bob))?.balance, entries.length - 1);
  } finally {
    await ledger.close();
  }
}
