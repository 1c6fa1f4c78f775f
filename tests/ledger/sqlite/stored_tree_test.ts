/** The stored tree is that of the stored rows, whatever happened between two commits. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { entryLeaf } from "../../../src/ledger/entry.ts";
import { appendLeaf, emptyTree, rootOf } from "../../../src/ledger/merkle_tree.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { SqliteLedger } from "../../../src/ledger/sqlite/sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { decodeEntry } from "../../../src/operator/stored_rows.ts";
import { alice, bob, ledgerId, payment } from "../ledger_samples.ts";
import { inFolder, otherConnection, registerBoth } from "./temporary_ledger.ts";

/** What happens to a ledger. A number is a batch of that many payments in one transaction. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 9 }) },
  fc.constantFrom("rollback", "reopening", "another process" as const),
);

Deno.test("the stored tree is that of the rows after commits, rollbacks, reopenings and another process", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 1, maxLength: 12 }),
      (happenings) =>
        inFolder(async (folder) => {
          const file = `${folder}/server.db`;
          let ledger = await openSqliteLedger({ file, ledgerId });
          await registerBoth(ledger);
          refuseSome(file);
          let id = 0;
          const pay = (to: SqliteLedger, memo?: string) =>
            to.book(payment([alice, bob], 1, { id: ++id, ...(memo && { memo }) }));
          const reopen = async () => {
            await ledger.close();
            ledger = await openSqliteLedger({ file, ledgerId });
          };
          for (const what of happenings) {
            if (what === "another process") {
              const tool = await openSqliteLedger({ file, ledgerId, serve: false });
              await pay(tool);
              await tool.close();
            } else if (what === "reopening") {
              await reopen();
            } else if (what === "rollback") {
              const batch = [pay(ledger), pay(ledger), pay(ledger, "refused")];
              const settled = await Promise.allSettled(batch);
              assertEquals(settled.map(({ status }) => status), Array(3).fill("rejected"));
              await reopen();
            } else {
              const entries = await Promise.all(Array.from({ length: what }, () => pay(ledger)));
              assertEquals(entries.map(({ outcome }) => outcome), Array(what).fill("booked"));
            }
          }
          const { head } = await ledger.totals();
          await ledger.close();
          assertEquals(headOf(file), head);
        }),
    ),
    { numRuns: 30 },
  );
});

/** Makes the database roll back a whole transaction when a payment has the memo "refused". */
function refuseSome(file: string): void {
  using other = otherConnection(file);
  other.run(
    `CREATE TRIGGER refusing AFTER INSERT ON entry WHEN NEW.memo = 'refused'
      BEGIN SELECT RAISE(ROLLBACK, 'refused'); END`,
  );
}

/** Returns the head of the stored rows, and checks each stored subtree on the way. */
function headOf(file: string): string {
  const snapshot = openSqliteSnapshot({ file });
  try {
    let tree = emptyTree;
    for (const row of snapshot.entries()) {
      const entry = decodeEntry(row);
      if (typeof entry === "string") throw new Error(entry);
      const grown = appendLeaf(tree, entryLeaf(entry));
      assertEquals(entry.subtrees, grown.completed.join(""));
      tree = grown.tree;
    }
    return rootOf(tree);
  } finally {
    snapshot.close();
  }
}
