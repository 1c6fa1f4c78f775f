import { assertEquals } from "@std/assert";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { thisThread } from "../../src/cli/ledger/audit_threads.ts";
import { auditLedger } from "../../src/operator/audit.ts";
import { makeLargeLedger, readLargeLedgerFolder } from "./large_ledger.ts";

Deno.test("a large ledger passes the audit, and one made in two runs is complete", async () => {
  const folder = await Deno.makeTempDir({ prefix: "micropay-large-" });
  try {
    for (const entries of [40, 300]) {
      await makeLargeLedger(folder, { entries, accounts: 12, threads: 1 });
    }
    const { certificates: { anchor } } = await readLargeLedgerFolder(folder);
    await using snapshot = openSqliteSnapshot({ file: `${folder}/server.db` });
    const entriesOf = (await Array.fromAsync(snapshot.entries())).flat();
    const kinds = new Set(entriesOf.map(({ kind }) => kind));
    assertEquals([...kinds].sort(), ["opening", "payment", "refund"]);
    const threads = thisThread(snapshot, anchor);
    const { outcome, entries } = await auditLedger(snapshot, { anchor, threads });
    assertEquals({ outcome, entries }, { outcome: "in_order", entries: 300 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
