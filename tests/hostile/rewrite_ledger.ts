/**
 * What a dishonest operator does to a ledger's file: other rows, and a tree and balances that fit
 * them.
 */
import { Buffer } from "node:buffer";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import type { AccountName } from "../../src/account_name.ts";
import { type EntryKind, entryLeaf } from "../../src/ledger/entry.ts";
import { appendLeaf, emptyTree } from "../../src/ledger/merkle_tree.ts";
import type { Amount } from "../../src/money.ts";

/** A row of the table `entry`, by its columns. */
export type EntryRow = Readonly<Record<string, SQLOutputValue>>;

/**
 * Replaces the entries of a ledger that no server has open and that has no account changes.
 * Numbers, hashes and balances are computed anew, so the ledger is consistent in itself.
 *
 * @param change gets the rows by number, and returns those that the ledger has afterwards
 */
export function rewriteLedger(
  file: string,
  change: (rows: readonly EntryRow[]) => readonly EntryRow[],
): void {
  // Newer runtimes protect the schema by default. Older ones do not know this option.
  const options = { enableForeignKeyConstraints: false, defensive: false };
  const database = new DatabaseSync(file, options);
  try {
    const rows = database.prepare("SELECT * FROM entry ORDER BY number").all();
    const triggers = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
      .all();
    database.exec("BEGIN");
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
    database.exec("DELETE FROM entry");
    const balances = new Map<string, number>();
    const balanceAfter = (name: SQLOutputValue | undefined, added: number): number => {
      const balance = (balances.get(String(name)) ?? 0) + added;
      balances.set(String(name), balance);
      return balance;
    };
    let tree = emptyTree;
    for (const [index, row] of change(rows).entries()) {
      const { tree: grown, completed } = appendLeaf(tree, leafOf(row, index + 1));
      tree = grown;
      const amount = Number(row.amount);
      const contents = {
        ...row,
        number: index + 1,
        subtrees: Buffer.from(completed.join(""), "hex"),
        payer_balance: balanceAfter(row.payer, -amount),
        payee_balance: balanceAfter(row.payee, amount),
      };
      const columns = Object.keys(contents);
      const values = columns.map(() => "?").join();
      database.prepare(`INSERT INTO entry (${columns.join()}) VALUES (${values})`)
        .run(...Object.values<SQLInputValue>(contents));
    }
    for (const [name, balance] of balances) {
      database.prepare("UPDATE client SET balance = ? WHERE username = ?").run(balance, name);
    }
    for (const { sql } of triggers) database.exec(String(sql));
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

function leafOf(row: EntryRow, number: number): string {
  return entryLeaf({
    number,
    id: String(row.id),
    kind: row.kind as EntryKind,
    payer: row.payer as AccountName,
    payee: row.payee as AccountName,
    amount: row.amount as Amount,
    ...(row.memo !== null && { memo: String(row.memo) }),
    ...(row.refunds !== null && { refunds: String(row.refunds) }),
    orderDigest: Buffer.from(row.order_digest as Uint8Array).toString("hex"),
    atMs: Date.parse(String(row.at)),
  });
}
