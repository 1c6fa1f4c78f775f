import { assertEquals } from "@std/assert";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { RefundCheck } from "../../src/operator/refund_check.ts";
import { type DecodedEntry, decodeEntry } from "../../src/ledger/stored_rows.ts";
import { openBooks } from "./books.ts";

for (const paymentsMax of [1, 2, 10_000]) {
  Deno.test(`the sum of refunds is the same with ${paymentsMax} remembered payments`, async () => {
    await using books = await openBooks();
    for (const name of ["alice", "bob"]) await books.register(name);
    const payments = [];
    for (const amount of [3, 4, 5]) payments.push(await books.move(["alice", "bob"], amount));
    // The payments take turns, so that a small memory forgets each one between two of its refunds.
    for (let round = 0; round < 3; round++) {
      for (const { id } of payments) await books.move(["bob", "alice"], 1, { refunds: id });
    }
    const snapshot = openSqliteSnapshot({ file: books.file });
    const check = new RefundCheck(snapshot, { paymentsMax });
    const entries = [...snapshot.entries()].map(decodeEntry) as DecodedEntry[];
    assertEquals(entries.map((entry) => check.check(entry)), entries.map(() => undefined));
    const [first, second] = payments.map(({ id }) => id);
    const next = { ...entries.at(-1)!, number: entries.length + 1 };
    assertEquals(
      check.check({ ...next, refunds: first! }),
      `all refunds of ${first} are 4 with it, more than its 3`,
    );
    assertEquals(check.check({ ...next, refunds: second! }), undefined);
    snapshot.close();
  });
}
