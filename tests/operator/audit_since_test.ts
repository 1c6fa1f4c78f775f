/**
 * An audit since a checkpoint finds everything that is wrong after it, and that the rows before it
 * are not those of the checkpoint.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { issuingAccount } from "../../src/ledger/entry.ts";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { storedTree } from "../../src/ledger/stored_tree.ts";
import { rootOf } from "../../src/ledger/merkle_tree.ts";
import type { TreeHead } from "../../src/ledger/tree_proofs.ts";
import { type Books, copiesOf, fillSample, openBooks } from "./books.ts";
import { change, withoutTriggers } from "./tampering.ts";

const codeDigest = "c0".repeat(32);

/** Returns the checkpoint after the first `size` rows. */
async function treeAt({ file }: Books, size: number): Promise<TreeHead> {
  await using snapshot = openSqliteSnapshot({ file });
  return { size, head: rootOf(await storedTree(snapshot, size)) };
}

/** Nine entries, then a revocation, a reissue, a closure and two payments. */
const openBusyBooks = copiesOf(async (books) => {
  await fillSample(books);
  await books.revoke("alice", codeDigest);
  await books.reissue("alice", codeDigest);
  await books.register("dave");
  await books.move(["alice", "dave"], 5);
  await books.closeAccount("carol");
  await books.move(["dave", "bob"], 1);
});

Deno.test("an audit since any row of the ledger accepts it, and counts what came after", async () => {
  await using books = await openBusyBooks();
  const full = await books.audit();
  assertEquals([full.outcome, full.entries], ["in_order", 12]);
  for (let size = 0; size <= 15; size++) {
    const since = await treeAt(books, size);
    const report = await books.audit({ since });
    if (report.outcome !== "in_order") throw new Error(`${size}: ${report.reason}`);
    assertEquals([report.since, report.entries + report.changes], [size, 15 - size]);
    assertEquals([report.size, report.head], [15, "head" in full ? full.head : ""]);
  }
});

Deno.test("an audit since a checkpoint verifies the certificates of accounts that are new", async () => {
  await using books = await openBusyBooks();
  const report = await books.audit({ since: await treeAt(books, 9) });
  assertEquals("certificates" in report && report.certificates, 1);
});

interface Tampering {
  readonly title: string;
  readonly sql: string;
  readonly entry?: number;
  readonly change?: number;
  readonly reason: string;
}

const forgedName = "UPDATE certificate SET username = 'bob' WHERE username = 'dave'";
const otherRoot = "UPDATE entry SET subtrees = randomblob(128) WHERE number = 8";

/** The audit begins after row 9. */
const tamperings: readonly Tampering[] = [
  {
    title: "another amount",
    sql: "UPDATE entry SET amount = 6 WHERE number = 13",
    entry: 13,
    reason: "verify a signature",
  },
  {
    title: "another time",
    sql: "UPDATE entry SET at = '2026-11-25T12:00:00.001Z' WHERE number = 13",
    entry: 13,
    reason: "its hashes do not follow",
  },
  {
    title: "another balance after an entry",
    sql: "UPDATE entry SET payer_balance = 1 WHERE number = 15",
    entry: 15,
    reason: "its payer_balance is 1, the entries make 1004",
  },
  {
    title: "a missing entry",
    sql: "DELETE FROM entry WHERE number = 12",
    entry: 12,
    reason: "it is missing; the next one there is 13",
  },
  {
    title: "the id of an entry before the checkpoint",
    sql: `PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'id TEXT NOT NULL UNIQUE', 'id TEXT NOT NULL')
        WHERE name = 'entry';
      DELETE FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex_entry%';
      PRAGMA writable_schema = RESET;
      UPDATE entry SET id = (SELECT id FROM entry WHERE number = 4) WHERE number = 13`,
    entry: 13,
    reason: "is that of an earlier entry",
  },
  {
    title: "an account change that nobody signed",
    sql: "UPDATE account_change SET code_digest = NULL WHERE number = 10",
    change: 10,
    reason: "its statement says",
  },
  {
    title: "a missing closure",
    sql: "DELETE FROM account_change WHERE number = 14",
    entry: 14,
    reason: "it is missing",
  },
  {
    title: "a balance",
    sql: "UPDATE client SET balance = balance + 1 WHERE username = 'bob'",
    reason: "bob has 1152 and its entries make 1151",
  },
  {
    title: "the balance of an account without new entries",
    sql: "UPDATE client SET balance = balance + 1 WHERE username = 'carol'",
    reason: "carol has",
  },
  {
    title: "a new account's certificate of another account",
    sql: forgedName,
    entry: 15,
    reason: "which the ledger does not have for dave",
  },
  {
    title: "an account without a certificate",
    sql: "INSERT INTO client (username) VALUES ('mallory')",
    reason: "the account mallory has no certificate",
  },
  {
    title: "other hashes of the rows before the checkpoint",
    sql: otherRoot,
    reason: "and the checkpoint says",
  },
  {
    title: "fewer rows than the checkpoint",
    sql: "DELETE FROM entry WHERE number > 8; DELETE FROM account_change",
    reason: "it has only 8 of the 9 rows of the checkpoint",
  },
];

for (const { title, sql, entry, change: changed, reason } of tamperings) {
  Deno.test(`an audit since a checkpoint finds ${title}`, async () => {
    await using books = await openBusyBooks();
    const since = await treeAt(books, 9);
    change(books.file, withoutTriggers(books.file, sql));
    const found = await books.audit({ since });
    if (found.outcome !== "wrong") throw new Error("the audit found nothing");
    assertStringIncludes(found.reason, reason);
    assertEquals([found.entry, found.change], [entry, changed]);
  });
}

Deno.test("an audit since a checkpoint proves the payment that a refund gives back", async () => {
  await using books = await openBooks();
  for (const name of ["alice", "bob"]) await books.register(name);
  const { id } = await books.move(["alice", "bob"], 3);
  await books.move(["bob", "alice"], 1, { refunds: id });
  const since = await treeAt(books, 4);
  await books.move(["bob", "alice"], 2, { refunds: id });
  assertEquals((await books.audit({ since })).outcome, "in_order");
  // The payment grows, so that more could be refunded.
  change(
    books.file,
    withoutTriggers(books.file, "UPDATE entry SET amount = 300 WHERE number = 3"),
  );
  const found = await books.audit({ since });
  if (found.outcome !== "wrong") throw new Error("the audit found nothing");
  assertStringIncludes(found.reason, "which is no earlier payment");
  assertEquals(found.entry, 5);
});

Deno.test("an audit since a checkpoint finds that the refunds around it exceed the payment", async () => {
  await using books = await openBooks();
  for (const name of ["alice", "bob"]) await books.register(name);
  const { id } = await books.move(["alice", "bob"], 3);
  await books.move(["bob", "alice"], 2, { refunds: id });
  const since = await treeAt(books, 4);
  await books.move(["bob", issuingAccount], 1, { kind: "withdrawal" });
  await books.move(["bob", "alice"], 1, { refunds: id });
  // A full audit would see that the earlier refund was changed.
  change(
    books.file,
    withoutTriggers(books.file, "UPDATE entry SET amount = 3 WHERE number = 4"),
  );
  const found = await books.audit({ since });
  assertStringIncludes("reason" in found ? found.reason : "", "are 4 with it, more than its 3");
});

Deno.test("an audit since a checkpoint does not check again what came before, and a full one does", async () => {
  await using books = await openBusyBooks();
  const since = await treeAt(books, 9);
  const forged = "UPDATE entry SET signature = randomblob(64) WHERE number = 4";
  change(books.file, withoutTriggers(books.file, forged));
  assertEquals((await books.audit({ since })).outcome, "in_order");
  const found = await books.audit();
  assertEquals("entry" in found && found.entry, 4);
});
