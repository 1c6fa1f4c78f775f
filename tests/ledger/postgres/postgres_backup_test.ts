/** A backup of a ledger in PostgreSQL is the usual file, and has every row of one moment. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { thisThread } from "../../../src/cli/ledger/audit_threads.ts";
import { LedgerError } from "../../../src/errors.ts";
import { openPostgresSnapshot } from "../../../src/ledger/postgres/postgres_snapshot.ts";
import { backupLedger } from "../../../src/ledger/sqlite/backup_ledger.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { auditLedger } from "../../../src/operator/audit.ts";
import { testWith } from "../../installed_tool.ts";
import { type Books, openSampleBooks } from "../../operator/books.ts";
import { copyToPostgres } from "./postgres_copy.ts";
import { accessTo, nameOf, sharedPostgres } from "./temporary_postgres.ts";

/** Rows of the tables that the sample books leave empty. */
const otherRows = `
  INSERT INTO voided_order VALUES
    (repeat('b', 64), 'alice', 260, '2027-01-02', '2027-01-01', 2),
    (repeat('c', 64), 'nobody', 265, '2027-01-03', '2027-01-01', 1);
  INSERT INTO void_floor VALUES ('alice', '2026-12-31');
  INSERT INTO invitation VALUES
    (7, repeat('d', 64), NULL, NULL, 9007199254740991, 3, '2027-02-01', '2027-01-01', NULL)`;

async function openDatabaseBooks() {
  const books = await openSampleBooks();
  const postgres = await sharedPostgres();
  const url = postgres.makeDatabase();
  await copyToPostgres({ file: books.file, url });
  const psql = (statements: string) => postgres.psql(nameOf(url), statements);
  psql(otherRows);
  return { books, url, psql, to: `${books.folder}/kept.db` };
}

async function auditOf(file: string, { anchor }: Books) {
  await using snapshot = openSqliteSnapshot({ file });
  return await auditLedger(snapshot, { anchor, threads: thisThread(snapshot, anchor) });
}

function rowsOf(file: string, table: string) {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const statement = database.prepare(`SELECT * FROM ${table}`);
    statement.setReadBigInts(true);
    return statement.all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

testWith(["initdb"], "a backup of a PostgreSQL ledger has its rows and its head", async () => {
  const { books, url, to } = await openDatabaseBooks();
  await using _books = books;
  {
    await using snapshot = await openPostgresSnapshot(accessTo(url));
    await backupLedger(snapshot, { to });
  }
  const report = await auditOf(to, books);
  assertEquals(report.outcome, "in_order");
  assertEquals(report, await books.audit());
  for (const table of ["ledger", "certificate", "entry", "account_change"]) {
    assertEquals(rowsOf(to, table), rowsOf(books.file, table), table);
  }
  const voided = rowsOf(to, "voided_order").map(({ payer, code }) => [payer, code]);
  assertEquals(voided, [["nobody", 265n], ["alice", 260n]]);
  assertEquals(rowsOf(to, "void_floor"), [
    { payer: "alice", expires_at: "2026-12-31" },
  ]);
  const [invitation] = rowsOf(to, "invitation");
  assertEquals([invitation!.number, invitation!.uses_max], [7n, 9007199254740991n]);
  assertEquals(Deno.statSync(to).mode! & 0o777, 0o600);
});

testWith(["initdb"], "a backup is of one moment, and keeps a changed row as it is", async () => {
  const { books, url, psql, to } = await openDatabaseBooks();
  await using _books = books;
  const change = (memo: string) =>
    psql(`SET session_replication_role = replica; UPDATE entry SET memo = '${memo}'`);
  change("before");
  {
    await using snapshot = await openPostgresSnapshot(accessTo(url));
    change("after");
    await backupLedger(snapshot, { to });
  }
  assertEquals(new Set(rowsOf(to, "entry").map(({ memo }) => memo)), new Set(["before"]));
  const report = await auditOf(to, books);
  assertEquals(report.outcome, "wrong");
});

testWith(
  ["initdb"],
  "a backup without one of the numbers is refused, and leaves no file",
  async () => {
    const { books, url, psql, to } = await openDatabaseBooks();
    await using _books = books;
    psql(`SET session_replication_role = replica; DELETE FROM entry
    WHERE number = (SELECT min(number) FROM entry)`);
    await using snapshot = await openPostgresSnapshot(accessTo(url));
    const error = await assertRejects(() => backupLedger(snapshot, { to }), LedgerError);
    assertStringIncludes(error.message, "breaks the rules of a ledger");
    const left = Array.from(Deno.readDirSync(books.folder), ({ name }) => name);
    assertEquals(left.filter((name) => /kept|new-ledger/.test(name)), []);
  },
);
