/** How much an entry adds to the ledger's file. */
import { assert } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type Books, openBooks } from "./books.ts";

const payments = 1000;
const entryBytesMax = 700;

Deno.test("an entry takes at most 700 bytes, however many members pay", async () => {
  await using books = await openBooks();
  const names = Array.from({ length: 10 }, (_, index) => `member-${index}`);
  for (const name of names) await books.register(name);
  const before = fileBytes(books);
  const paid = Array.from({ length: payments }, (_, index) => {
    const [from, to] = [names[index % 10]!, names[(index + 1) % 10]!];
    return books.move([from, to], 1, { memo: `for number ${index}` });
  });
  await Promise.all(paid);
  const entryBytes = (fileBytes(books) - before) / payments;
  assert(entryBytes <= entryBytesMax, `${entryBytes} bytes`);
});

/** Returns the size of the ledger with the part that is still in its log. */
function fileBytes({ file }: Books): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const sql = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
    return Number(database.prepare(sql).get()!.bytes);
  } finally {
    database.close();
  }
}
