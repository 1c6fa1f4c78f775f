/** The stored tree is that of the stored rows, whatever happened between two commits. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LedgerError } from "../../../src/errors.ts";
import { entryLeaf } from "../../../src/ledger/entry.ts";
import { appendLeaf, emptyTree, hashLeaf, rootOf } from "../../../src/ledger/merkle_tree.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { SqliteLedger } from "../../../src/ledger/sqlite/sqlite_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { decodeEntry } from "../../../src/ledger/stored_rows.ts";
import { alice, bob, ledgerId, orderId, payment } from "../ledger_samples.ts";
import { inFolder, otherConnection, registerBoth, withLedger } from "./temporary_ledger.ts";

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
          assertEquals(await headOf(file), head);
        }),
    ),
    { numRuns: 30 },
  );
});

Deno.test("the head after a row past 2^52 has one root for each one bit of its number", () =>
  withLedger(async ({ file, ledger }) => {
    const bits = [0n, 8n, 31n, 32n, 33n, 52n];
    const subtrees: string[] = [];
    let end = 0n;
    using other = otherConnection(file);
    other.run("DROP TRIGGER entry_appended");
    for (const bit of bits.toReversed()) {
      end += 2n ** bit;
      const hashes = Array.from(
        { length: Number(bit) + 1 },
        (_, level) => hashLeaf(`${end} ${level}`),
      );
      other.run(
        `INSERT INTO entry SELECT ${end}, '${orderId(Number(bit) + 1)}', kind, payer, payee, amount,
          memo, order_digest, at, payer_balance, payee_balance, x'${hashes.join("")}', refunds,
          request, iat, exp, signature, certificate FROM entry WHERE number = 1`,
      );
      subtrees.push(hashes.at(-1)!);
    }
    const head = rootOf({ size: Number(end), subtrees });
    assertEquals((await ledger.entry(orderId(1)))?.head, head);
    assertEquals((await ledger.totals()).head, head);
  }));

Deno.test("nothing is booked when a row is missing that ends a subtree", () =>
  withLedger(async ({ file, ledger }) => {
    for (let id = 1; id <= 4; id++) await ledger.book(payment([alice, bob], 1, { id }));
    using other = otherConnection(file);
    other.run("DROP TRIGGER entry_kept");
    other.run("DELETE FROM entry WHERE number = 4");
    const booked = ledger.book(payment([alice, bob], 1, { id: 5 }));
    await assertRejects(() => booked, LedgerError, "a row up to number 5 is missing");
    assertEquals(other.value("SELECT max(number) FROM entry"), 5);
  }));

Deno.test("the file refuses a row with fewer or more hashes than its number completes subtrees", () =>
  withLedger(async ({ file, ledger }) => {
    await ledger.book(payment([alice, bob], 1, { id: 1 }));
    await ledger.book(payment([alice, bob], 1, { id: 2 }));
    using other = otherConnection(file);
    for (const bytes of [0, 32, 64, 95, 97, 128]) {
      const append = () =>
        other.run(
          `INSERT INTO entry SELECT 4, '${orderId(3)}', kind, payer, payee, amount, memo,
            order_digest, at, payer_balance, payee_balance, zeroblob(${bytes}), refunds,
            request, iat, exp, signature, certificate FROM entry WHERE number = 3`,
        );
      assertThrows(append, Error, "CHECK constraint failed");
    }
  }));

/** Makes the database roll back a whole transaction when a payment has the memo "refused". */
function refuseSome(file: string): void {
  using other = otherConnection(file);
  other.run(
    `CREATE TRIGGER refusing AFTER INSERT ON entry WHEN NEW.memo = 'refused'
      BEGIN SELECT RAISE(ROLLBACK, 'refused'); END`,
  );
}

/** Returns the head of the stored rows, and checks each stored subtree on the way. */
async function headOf(file: string): Promise<string> {
  await using snapshot = openSqliteSnapshot({ file });
  let tree = emptyTree;
  for (const row of (await Array.fromAsync(snapshot.entries())).flat()) {
    const entry = decodeEntry(row);
    if (typeof entry === "string") throw new Error(entry);
    const grown = appendLeaf(tree, entryLeaf(entry));
    assertEquals(entry.subtrees, grown.completed.join(""));
    tree = grown.tree;
  }
  return rootOf(tree);
}
