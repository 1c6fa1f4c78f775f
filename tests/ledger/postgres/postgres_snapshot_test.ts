/**
 * A snapshot of PostgreSQL reads what a snapshot of SQLite reads, and an audit of it finds what an
 * owner of the database changed through `psql`.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { thisThread } from "../../../src/cli/ledger/audit_threads.ts";
import type { AccountName } from "../../../src/account_name.ts";
import { FileError, LedgerError } from "../../../src/errors.ts";
import { openPostgresLedger } from "../../../src/ledger/postgres/open_postgres_ledger.ts";
import { openPostgresSnapshot } from "../../../src/ledger/postgres/postgres_snapshot.ts";
import type { LedgerSnapshot } from "../../../src/ledger/snapshot.ts";
import { openSqliteSnapshot } from "../../../src/ledger/sqlite/sqlite_snapshot.ts";
import { csvWriter } from "../../../src/books/csv.ts";
import { auditLedger } from "../../../src/operator/audit.ts";
import { exportLines } from "../../../src/operator/exported_entries.ts";
import { systemRandom } from "../../../src/random.ts";
import { testWith } from "../../installed_tool.ts";
import { type Books, openBooks } from "../../operator/books.ts";
import { copyToPostgres } from "./postgres_copy.ts";
import { accessTo, nameOf, sharedPostgres } from "./temporary_postgres.ts";

const codeDigest = "c0".repeat(32);

/**
 * 1, 2, 3: accounts of alice, bob and carol opened · 4: alice pays bob · 5: bob refunds a part ·
 * 6: alice revoked · 7: alice has a new certificate · 8: bob closed · 9: alice pays carol
 */
async function openFilledBooks(): Promise<Books> {
  const books = await openBooks();
  for (const name of ["alice", "bob", "carol"]) await books.register(name);
  const { id } = await books.move(["alice", "bob"], 300, { memo: "lunch" });
  await books.move(["bob", "alice"], 100, { refunds: id });
  await books.revoke("alice", codeDigest);
  await books.reissue("alice", codeDigest);
  await books.closeAccount("bob");
  await books.move(["alice", "carol"], 7);
  return books;
}

/** The database of the filled books, from which each test makes its own. */
let template: Promise<{ readonly books: Books; readonly name: string }> | undefined;

async function filledDatabase() {
  const postgres = await sharedPostgres();
  template ??= (async () => {
    const books = await openFilledBooks();
    globalThis.addEventListener("unload", () => Deno.removeSync(books.folder, { recursive: true }));
    const url = postgres.makeDatabase();
    await copyToPostgres({ file: books.file, url });
    await books.ledger.close();
    return { books, name: nameOf(url) };
  })();
  const { books, name } = await template;
  const url = postgres.makeDatabase({ template: name });
  const psql = (statements: string) => postgres.psql(nameOf(url), statements);
  return { books, url, psql };
}

async function auditOf(url: string, { anchor }: Books) {
  await using snapshot = await openPostgresSnapshot(accessTo(url));
  return await auditLedger(snapshot, { anchor, threads: thisThread(snapshot, anchor) });
}

/** Every value that a snapshot returns, in a form that can be compared. */
async function readAll(snapshot: LedgerSnapshot) {
  const all = async <Row>(pages: AsyncIterable<Row[]>) => (await Array.fromAsync(pages)).flat();
  const entries = await all(snapshot.entries());
  const id = String(entries[3]!.id);
  const names = ["alice", "bob", "carol", "@issuer", "nobody"];
  const fingerprints = entries.map(({ certificate }) => String(certificate));
  const values = {
    ledgerId: snapshot.ledgerId,
    last: await snapshot.lastNumber(),
    lastPlace: await snapshot.lastCertificatePlace(),
    entries,
    changes: await all(snapshot.changes()),
    changesOfAlice: await all(snapshot.changes("alice")),
    changesByIndex: await snapshot.changesOf("alice"),
    accounts: await all(snapshot.accounts()),
    account: await snapshot.account("bob"),
    nobody: await snapshot.account("nobody"),
    newest: await snapshot.newestEntriesOf("alice", 3),
    byNumber: [await snapshot.entryByNumber(4), await snapshot.entryByNumber(6)],
    byId: await snapshot.entryById(id),
    change: [await snapshot.changeByNumber(6), await snapshot.changeByNumber(4)],
    time: await snapshot.lastEntryTime({ before: 9 }),
    entryPage: await snapshot.entryPage({ after: 2, limit: 2 }),
    changePage: await snapshot.changePage({ after: Number.MIN_SAFE_INTEGER, limit: 2 }),
    subtrees: Object.fromEntries(await snapshot.subtreesOf([4, 8, 99])),
    refunds: await snapshot.refundsOf(id),
    repetition: await snapshot.firstRepetition(),
    states: Object.fromEntries(await snapshot.statesBefore(9, names)),
    certificatePage: await snapshot.certificatePage({ after: 1, limit: 2 }),
    certificates: Object.fromEntries(await snapshot.certificates(fingerprints)),
    certificatesOf: Object.fromEntries(await snapshot.certificatesOf(names)),
    statement: await snapshot.statementBefore(8),
    faults: await Array.fromAsync(snapshot.faults()),
  };
  return JSON.parse(JSON.stringify(values, (_, value) => {
    if (value?.type === "Buffer") return value.data;
    return value instanceof Uint8Array ? [...value] : value;
  }));
}

testWith(["initdb"], "both stores return the same rows of a ledger", async () => {
  const { books, url } = await filledDatabase();
  await using sqlite = openSqliteSnapshot({ file: books.file });
  await using database = await openPostgresSnapshot(accessTo(url));
  const expected = await readAll(sqlite);
  assertEquals(await readAll(database), expected);
  assertEquals([expected.last, expected.faults], [9, []]);
});

testWith(["initdb"], "an audit and an export of both stores say the same", async () => {
  const { books, url } = await filledDatabase();
  const report = await auditOf(url, books);
  assertEquals(report, await books.audit());
  assertEquals([report.outcome, report.entries], ["in_order", 6]);
  await using sqlite = openSqliteSnapshot({ file: books.file });
  await using database = await openPostgresSnapshot(accessTo(url));
  const [expected, exported] = await Promise.all(
    [sqlite, database].map((one) => Array.fromAsync(exportLines(one, {}, csvWriter({})))),
  );
  assertEquals(exported, expected);
});

testWith(["initdb"], "a snapshot of PostgreSQL is one moment while others book", async () => {
  const { url, psql } = await filledDatabase();
  await using snapshot = await openPostgresSnapshot(accessTo(url));
  psql("UPDATE client SET balance = 5 WHERE username = 'carol'");
  assertEquals((await snapshot.account("carol"))?.balance, 1007);
});

testWith(["initdb"], "a ledger that can only be read, as on a standby, is audited", async () => {
  const { books, url, psql } = await filledDatabase();
  psql(`ALTER DATABASE ${nameOf(url)} SET default_transaction_read_only = on`);
  assertEquals((await auditOf(url, books)).outcome, "in_order");
});

testWith(["initdb"], "a snapshot that was closed reads nothing more", async () => {
  const { url } = await filledDatabase();
  const snapshot = await openPostgresSnapshot(accessTo(url));
  for (let round = 0; round < 2; round++) await snapshot[Symbol.asyncDispose]();
  await assertRejects(() => snapshot.lastNumber(), LedgerError, "it was closed");
});

testWith(["initdb"], "an empty database has no snapshot", async () => {
  const url = (await sharedPostgres()).makeDatabase();
  const error = await assertRejects(() => openPostgresSnapshot(accessTo(url)), LedgerError);
  assertStringIncludes(error.message, "it is empty; micropay ledger create makes a ledger in it");
  const missing = url.replace(/[^/]+$/, "none");
  await assertRejects(() => openPostgresSnapshot(accessTo(missing)), FileError, "does not exist");
});

testWith(["initdb"], "a number past 2^53 comes from PostgreSQL without loss", async () => {
  const { url, psql } = await filledDatabase();
  psql("UPDATE client SET online_status = 1 WHERE username = 'carol'");
  psql(asOwner(
    "ALTER TABLE entry DROP CONSTRAINT entry_amount_check; " +
      "UPDATE entry SET amount = 9007199254740993 WHERE number = 4",
  ));
  await using snapshot = await openPostgresSnapshot(accessTo(url));
  assertEquals((await snapshot.entryByNumber(4))?.amount, 9007199254740993n);
});

/** The owner's way around the triggers. They are as before afterwards. */
function asOwner(statements: string): string {
  return `SET session_replication_role = replica; ${statements}`;
}

/** What the owner of the database does through `psql`, and what the audit then says. */
const tampered: readonly (readonly [title: string, sql: string, reason: string])[] = [
  [
    "an amount changed",
    asOwner("UPDATE entry SET amount = 301 WHERE number = 4"),
    "verify a signature",
  ],
  [
    "a memo changed",
    asOwner("UPDATE entry SET memo = 'dinner' WHERE number = 4"),
    "verify a signature",
  ],
  [
    "an entry removed",
    asOwner("DELETE FROM entry WHERE number = 4"),
    "it is missing; the next one there is 5",
  ],
  [
    "the last entry removed",
    asOwner("DELETE FROM entry WHERE number = 9"),
    "the balance was changed, or entries after the last one are missing",
  ],
  [
    "an entry added",
    asOwner(`INSERT INTO entry SELECT 10, '01930000-0000-7000-8000-000000000000', kind, payer,
      payee, amount, memo, order_digest, at, payer_balance, payee_balance, substr(subtrees, 1, 32)
        || substr(subtrees, 1, 32), refunds, request, iat, exp, signature, certificate
      FROM entry WHERE number = 9`),
    "it is not by the expected key",
  ],
  [
    "a balance changed",
    "UPDATE client SET balance = 5 WHERE username = 'carol'",
    "carol has 5 and its entries make 1007",
  ],
  [
    "an account change removed",
    asOwner("DELETE FROM account_change WHERE number = 8"),
    "it is missing; the next one there is 9",
  ],
  [
    "a code changed",
    asOwner(`UPDATE account_change SET code_digest = '${"c1".repeat(32)}' WHERE number = 6`),
    "its code_digest is c1",
  ],
  [
    "a certificate removed",
    asOwner("DELETE FROM certificate WHERE username = 'carol'"),
    "carol has no certificate",
  ],
  [
    "a disabled trigger",
    "ALTER TABLE entry DISABLE TRIGGER entry_unchanged",
    "the trigger entry_unchanged is missing or was changed",
  ],
  [
    "a missing trigger",
    "DROP TRIGGER entry_kept ON entry",
    "the trigger entry_kept is missing or was changed",
  ],
  [
    "a trigger's function that does nothing",
    `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RETURN NEW; END $$`,
    "the trigger account_change_kept is missing or was changed",
  ],
  [
    "a foreign trigger",
    `CREATE FUNCTION gift() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
      CREATE TRIGGER gift BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION gift()`,
    "the trigger gift is not one of this program's, and could change what is booked",
  ],
  [
    "a foreign rule",
    "CREATE RULE quiet AS ON INSERT TO entry DO INSTEAD NOTHING",
    "the rule quiet is not one of this program's",
  ],
  [
    "disabled checks of references",
    "ALTER TABLE entry DISABLE TRIGGER ALL; ALTER TABLE entry ENABLE TRIGGER USER",
    "the disabled trigger of entry_",
  ],
  [
    "an index without rows",
    "DROP INDEX entry_refunds; CREATE INDEX entry_refunds ON entry (refunds) WHERE number < 0",
    "the index entry_refunds is missing or was changed",
  ],
  [
    "a dropped check of a column",
    "ALTER TABLE client DROP CONSTRAINT client_check",
    "the constraint client_check is missing or was changed",
  ],
  [
    "a head with another tree",
    "UPDATE head SET subtrees = subtrees || subtrees",
    "the table head does not have the tree of all rows",
  ],
  [
    "a head without its row",
    "DELETE FROM head",
    "the table head has no row",
  ],
  [
    "a head with too few void orders",
    "INSERT INTO voided_order VALUES (repeat('b', 64), 'alice', 260, '2027', '2027', 2)",
    "the number of the last void order in the table head is too low",
  ],
  [
    "a second ledger identifier",
    `INSERT INTO ledger SELECT repeat('f', 64), version FROM ledger`,
    "the table ledger says that it is another ledger as well",
  ],
];
for (const [title, sql, reason] of tampered) {
  testWith(["initdb"], `the audit of a PostgreSQL ledger finds ${title}`, async () => {
    const { books, url, psql } = await filledDatabase();
    psql(sql);
    const result = await auditOf(url, books);
    assertEquals(result.outcome, "wrong");
    if (result.outcome === "wrong") assertStringIncludes(result.reason, reason);
  });
}

testWith(["initdb"], "other tables, indexes and views in the database are no fault", async () => {
  const { books, url, psql } = await filledDatabase();
  psql("CREATE TABLE notes (text text); CREATE INDEX entry_kind ON entry (kind)");
  psql("CREATE VIEW poor AS SELECT username FROM client WHERE balance < 5; ANALYZE");
  assertEquals((await auditOf(url, books)).outcome, "in_order");
});

testWith(
  ["initdb"],
  "what a database sets by default changes neither what is written nor what is read",
  async () => {
    const { books, url, psql } = await filledDatabase();
    const defaults = [
      "array_nulls = off",
      "bytea_output = escape",
      "DateStyle = 'German'",
      "default_transaction_isolation = serializable",
      "quote_all_identifiers = on",
      "standard_conforming_strings = off",
      "TimeZone = 'Asia/Kolkata'",
    ];
    for (const one of defaults) psql(`ALTER DATABASE ${nameOf(url)} SET ${one}`);
    await using sqlite = openSqliteSnapshot({ file: books.file });
    await using database = await openPostgresSnapshot(accessTo(url));
    assertEquals(await readAll(database), await readAll(sqlite));
    const ledger = await openPostgresLedger({
      access: accessTo(url),
      ledgerId: books.anchor.fingerprint,
      random: systemRandom,
    });
    try {
      const [payment] = await ledger.history("bob" as AccountName, { limit: 9 });
      const stored = await database.entryByNumber(payment!.number);
      assertEquals(payment!.certificate.fingerprint, stored!.certificate);
      assertEquals([...payment!.certificate.der], [...stored!.der as Uint8Array]);
      // It has no name and no balance, and an array of PostgreSQL writes each as NULL.
      const times = { createdAtMs: 1000, expiresAtMs: 2000 };
      const invited = await ledger.invite({ tokenDigest: "1".repeat(64), usesMax: 1, ...times });
      assertEquals(await ledger.invitations({ after: 0, limit: 9 }), [invited]);
    } finally {
      await ledger.close();
    }
  },
);

testWith(["initdb"], "a snapshot that cannot be read says each time why that began", async () => {
  const { url, psql } = await filledDatabase();
  await using snapshot = await openPostgresSnapshot(accessTo(url));
  psql("DROP TABLE entry");
  const reads = [snapshot.lastNumber(), snapshot.account("bob"), snapshot.account("carol")];
  for (const read of await Promise.allSettled(reads)) {
    assertStringIncludes(
      String(read.status === "rejected" && read.reason),
      `"entry" does not exist`,
    );
  }
});
