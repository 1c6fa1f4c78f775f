/** The audit adds up refunds, also when they begin before the rows that it checks. */
import { assertEquals } from "@std/assert";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { type DecodedRow, decodeRow } from "../../src/ledger/stored_rows.ts";
import { RefundCheck } from "../../src/operator/refund_check.ts";
import { openBooks } from "./books.ts";

for (const after of [0, 6, 9]) {
  Deno.test(`the sum of refunds is the same in a range that begins after row ${after}`, async () => {
    await using books = await openBooks();
    for (const name of ["alice", "bob"]) await books.register(name);
    const payments = [];
    for (const amount of [3, 4, 5]) payments.push(await books.move(["alice", "bob"], amount));
    for (let round = 0; round < 3; round++) {
      for (const { id } of payments) await books.move(["bob", "alice"], 1, { refunds: id });
    }
    await using snapshot = openSqliteSnapshot({ file: books.file });
    const check = new RefundCheck(snapshot);
    const page = await snapshot.entryPage({ after, limit: 100 });
    const rows = page.map(decodeRow) as DecodedRow[];
    for (const row of rows) assertEquals(await check.check(row), undefined);
    const [first, second] = payments.map(({ id }) => id);
    const next = { ...rows.at(-1)!, number: 15 };
    assertEquals(
      await check.check({ ...next, refunds: first! }),
      `all refunds of ${first} are 4 with it, more than its 3`,
    );
    assertEquals(await check.check({ ...next, refunds: second! }), undefined);
  });
}
