/**
 * An attacker who can write the ledger's file and has no key changes account changes with the real
 * `sqlite3`. The audit finds it. A server that starts refuses the ledger, and a running one stops.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LedgerError } from "../../src/errors.ts";
import { changeLeaf, type RecordedChange } from "../../src/ledger/account_change.ts";
import { appendLeaf, emptyTree } from "../../src/ledger/merkle_tree.ts";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open_sqlite_ledger.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { type ChangeTerms, signAccountChange } from "../../src/protocol/account_change.ts";
import { ChangeHistory } from "../../src/protocol/change_history.ts";
import { testWith } from "../installed_tool.ts";
import { issueMember, makeAuthority, serverIdentity } from "../server/test_server.ts";
import { type Books, copiesOf, named } from "./books.ts";
import { withoutTriggers } from "./tampering.ts";

const digestOf = (digits: string) => digits.repeat(32);
const [firstCode, secondCode, thiefsCode] = [digestOf("c1"), digestOf("c2"), digestOf("c3")];

/**
 * The entries and changes, by number:
 * 1, 2, 3: accounts of alice, bob and carol opened · 4: alice pays bob · 5: alice revoked ·
 * 6: alice has a new certificate · 7: bob closed · 8: alice pays carol · 9: alice revoked again ·
 * 10: a deposit to carol
 */
const openChangedBooks = copiesOf(async (books) => {
  for (const name of ["alice", "bob", "carol"]) await books.register(name);
  await books.move(["alice", "bob"], 300);
  await books.revoke("alice", firstCode);
  await books.reissue("alice", firstCode);
  await books.closeAccount("bob");
  await books.move(["alice", "carol"], 50);
  await books.revoke("alice", secondCode);
  await books.move(["@issuer", "carol"], 5, { kind: "deposit" });
});

interface Attack {
  readonly title: string;
  readonly sql: string | ((books: Books) => Promise<string>);
  /** The account change that the audit names. */
  readonly change?: number;
  readonly entry?: number;
  readonly reason: string;
  /** The server's reason, where it differs. */
  readonly serverSays?: string;
  /** The reason of a running server, where only that one can notice it. */
  readonly running?: string;
  /** Whether a running server does not notice it, because it does not read all entries again. */
  readonly onlyAtStart?: boolean;
}

const notGenuine = "its statement is not a genuine one";
const notFollowing = "its statement does not follow the account change before it";
const hashes = "its hashes do not follow";

/** Sets one column of one change to another value. */
function column(name: string, number: number, value: string, reason: string): Attack {
  const sql = `UPDATE account_change SET ${name} = ${value} WHERE number = ${number}`;
  return { title: `sets ${name} of ${number} to ${value}`, sql, change: number, reason };
}

const columns: readonly Attack[] = [
  column("code_digest", 9, `'${thiefsCode}'`, `its code_digest is ${thiefsCode}`),
  column("code_digest", 9, "NULL", "its code_digest is undefined"),
  column("kind", 7, "'revocation'", "its kind is revocation, its statement says closure"),
  column("kind", 9, "'reissue'", "its kind is reissue, its statement says revocation"),
  column("username", 7, "'carol'", "its username is carol, its statement says bob"),
  column("username", 9, "'bob'", "its username is bob, its statement says alice"),
  {
    title: "gives the old certificate to the reissue",
    sql: `UPDATE account_change SET certificate =
      (SELECT certificate FROM account_change WHERE number = 5) WHERE number = 6`,
    entry: 4,
    reason: "its order is signed under a certificate that alice got later",
    serverSays: "the account change number 6 (reissue of alice): its certificate is",
  },
  column("certificate", 9, "NULL", "its certificate is undefined"),
  column("at", 7, "'2026-11-23T12:00:00.001Z'", "its at is 2026-11-23T12:00:00.001Z"),
  column("subtrees", 7, "(SELECT subtrees FROM account_change WHERE number = 5)", hashes),
  column(
    "statement_jws",
    7,
    "(SELECT statement_jws FROM account_change WHERE number = 9)",
    "its kind is closure, its statement says revocation",
  ),
  column("statement_jws", 7, "substr(statement_jws, 1, 900) || 'A'", notGenuine),
  column(
    "statement_jws",
    7,
    "substr(statement_jws, 1, length(statement_jws) - 10) || 'AAAAAAAAAA'",
    notGenuine,
  ),
];

const rows: readonly Attack[] = [
  {
    title: "adds a revocation with a code of their own and no statement",
    sql: (books) => appended(books, { ...thiefsTerms, name: named("carol") }, { statementJws: "" }),
    change: 11,
    reason: notGenuine,
  },
  {
    title: "adds a revocation that another member signed",
    sql: (books) => signedBy(books, books.members.get("carol")!),
    change: 11,
    reason: notGenuine,
  },
  {
    title: "adds a revocation that its own account signed",
    sql: (books) =>
      signedBy(books, issueMember(books.certificates.authority, "alice", books.clock)),
    change: 11,
    reason: notGenuine,
  },
  {
    title: "adds a revocation that the server of another ledger signed",
    sql: (books) => signedBy(books, serverIdentity(makeAuthority(books.clock), books.clock)),
    change: 11,
    reason: notGenuine,
  },
  {
    title: "adds an earlier revocation once more, to use its code again",
    sql: (books) => repeated(books, 5),
    change: 11,
    reason: notFollowing,
  },
  {
    title: "adds an earlier reissue once more, to revive its certificate",
    sql: (books) => repeated(books, 6),
    change: 11,
    reason: notFollowing,
  },
  {
    title: "adds the closure of another account, under its own name",
    sql: (books) => repeated(books, 7, { name: named("carol") }),
    change: 11,
    reason: "its username is carol, its statement says bob",
  },
  {
    title: "deletes the closure",
    sql: "DELETE FROM account_change WHERE number = 7",
    entry: 7,
    reason: "it is missing; the next one there is 8",
    serverSays: "the row number 7, an entry or an account change, is missing",
    running: "the account change number 7 is gone",
  },
  {
    title: "deletes the last revocation",
    sql: "DELETE FROM account_change WHERE number = 9",
    entry: 9,
    reason: "it is missing; the next one there is 10",
    serverSays: "the row number 9, an entry or an account change, is missing",
    running: "the account change number 9 is gone",
  },
  {
    title: "deletes all changes",
    sql: "DELETE FROM account_change",
    entry: 5,
    reason: "it is missing; the next one there is 8",
    serverSays: "the row number 5, an entry or an account change, is missing",
    running: "the account change number 5 is gone",
  },
  {
    title: "deletes the closure and moves everything after it up",
    sql: `DELETE FROM account_change WHERE number = 7;
      UPDATE account_change SET number = number - 1 WHERE number > 7;
      UPDATE entry SET number = number - 1 WHERE number > 7`,
    entry: 7,
    reason: hashes,
    serverSays: `the account change number 8 (revocation of alice): ${notFollowing}`,
    running: `the account change number 8 (revocation of alice): ${notFollowing}`,
  },
  {
    title: "puts the closure before the reissue",
    sql: `UPDATE account_change SET number = 100 WHERE number = 6;
      UPDATE account_change SET number = 6 WHERE number = 7;
      UPDATE account_change SET number = 7 WHERE number = 100`,
    change: 6,
    reason: notFollowing,
    running: "the account change number 6 (closure of bob): it was changed",
  },
  {
    title: "hides the closure by a NUL behind the name, where the account has nothing left",
    sql: `UPDATE account_change SET username = username || char(0) WHERE number = 7;
      INSERT INTO client (username) VALUES ('bob' || char(0));
      PRAGMA foreign_keys = OFF; UPDATE client SET balance = 0 WHERE username = 'bob'`,
    change: 7,
    reason: 'its username cannot be "bob\\u0000"',
  },
  {
    title: "empties the index that an account's changes are found by",
    sql: `DROP INDEX account_change_username;
      CREATE INDEX account_change_username ON account_change (username, number)
        WHERE number IN (5, 6, 9, 10);
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql =
        'CREATE INDEX account_change_username ON account_change (username, number)'
        WHERE name = 'account_change_username';
      PRAGMA writable_schema = RESET`,
    reason: "SQLite finds the file damaged",
    serverSays: "its indexes do not fit its tables",
    running: "the account change number 7 (closure of bob): it is not found by the account's name",
  },
  {
    title: "gives the closure the number of an entry",
    sql: "UPDATE account_change SET number = 8 WHERE number = 7",
    entry: 7,
    reason: "it is missing; the next one there is 8",
    serverSays: "the row number 7, an entry or an account change, is missing",
    running: "the account change number 8 (closure of bob): its hashes do not follow",
  },
  {
    title: "gives an entry the number of the closure",
    sql: "UPDATE entry SET number = 7 WHERE number = 8",
    entry: 7,
    reason: hashes,
    serverSays: "the row number 8, an entry or an account change, is missing",
    onlyAtStart: true,
  },
  {
    title: "adds an entry with the number of the closure",
    sql: `INSERT INTO entry SELECT 7, replace(id, '-7', '-6'), kind, payer, payee, amount, memo,
      order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature,
      certificate FROM entry WHERE number = 3`,
    entry: 7,
    reason: "its id cannot be",
    serverSays: "two rows have one number",
    onlyAtStart: true,
  },
  {
    title: "moves the first entry before the start",
    sql: "UPDATE entry SET number = -5 WHERE number = 1",
    entry: 1,
    reason: "its number -5 is that of an earlier row",
    serverSays: "the row number 1, an entry or an account change, is missing",
    onlyAtStart: true,
  },
];

for (const attack of [...columns, ...rows]) {
  const { title, sql, change, entry, reason, serverSays, running, onlyAtStart = false } = attack;
  testWith(
    ["sqlite3"],
    `the audit finds an attacker who ${title}, and the server refuses the ledger`,
    async () => {
      await using books = await openChangedBooks();
      const { ledger, anchor } = books;
      const seen = new ChangeHistory({ ledger, anchor });
      await seen.verifyAll();
      const statements = typeof sql === "string" ? sql : await sql(books);
      await sqlite3(books.file, withoutTriggers(books.file, statements));

      const found = await books.audit();
      assertEquals(found.outcome, "wrong");
      if (found.outcome !== "wrong") return;
      assertEquals([found.change, found.entry], [change, entry]);
      assertStringIncludes(found.reason, reason);

      if (!onlyAtStart) {
        const stopped = await assertRejects(() => seen.verify(), LedgerError);
        if (running !== undefined) assertStringIncludes(stopped.message, running);
      }
      assertStringIncludes(await refusalAtStart(books), serverSays ?? reason);
    },
  );
}

testWith(
  ["sqlite3"],
  "nobody can register the name of an account whose row was deleted",
  async () => {
    await using books = await openChangedBooks();
    for (const name of ["bob", "carol"]) {
      await sqlite3(
        books.file,
        `PRAGMA foreign_keys = OFF; DELETE FROM client WHERE username = '${name}'`,
      );
      await assertRejects(() => books.register(name), Error, "name_taken");
    }
    // An account without entries and changes has only its certificate.
    await books.register("dave", 0);
    await sqlite3(
      books.file,
      "PRAGMA foreign_keys = OFF; DELETE FROM client WHERE username = 'dave'",
    );
    await assertRejects(() => books.register("dave", 0), Error, "name_taken");
  },
);

testWith(
  ["sqlite3"],
  "a certificate that no account change gave does not let anybody in, and the audit finds it",
  async () => {
    await using books = await openChangedBooks();
    const { certificate: { fingerprint } } = books.members.get("carol")!;
    const other = "ab".repeat(32);
    await sqlite3(
      books.file,
      `INSERT INTO certificate SELECT '${other}', username, key_fingerprint, der, issued_at FROM certificate
      WHERE fingerprint = '${fingerprint}'`,
    );
    assertEquals((await books.ledger.account(named("carol")))?.certificate, undefined);
    assertEquals((await books.audit()).outcome, "wrong");
  },
);

testWith(
  ["sqlite3"],
  "a cut-off last change leaves no trace in the file; a running server and the heads in receipts show it",
  async () => {
    await using books = await openChangedBooks();
    await books.closeAccount("carol");
    const { ledger, anchor } = books;
    const seen = new ChangeHistory({ ledger, anchor });
    await seen.verifyAll();
    const { head } = await ledger.totals();
    await sqlite3(
      books.file,
      withoutTriggers(books.file, "DELETE FROM account_change WHERE number = 11"),
    );
    const report = await books.audit();
    assertEquals(report.outcome, "in_order");
    assertEquals("head" in report && report.head === head, false);
    await assertRejects(() => seen.verify(), LedgerError, "the account change number 11 is gone");
  },
);

Deno.test("account changes under an earlier certificate of the server stay valid", async () => {
  await using books = await openChangedBooks();
  const { authority } = books.certificates;
  const renewed = serverIdentity(authority, books.clock);
  const previous = await books.ledger.lastStatement();
  const terms = {
    kind: "closure",
    name: named("carol"),
    previous,
    atMs: books.clock.nowMs(),
  } as const;
  const { anchor, ledger } = books;
  await ledger.changeAccount(signAccountChange(terms, { identity: renewed, anchor }));
  await new ChangeHistory({ ledger, anchor }).verifyAll();
  assertEquals((await books.audit()).outcome, "in_order");
});

const thiefsTerms = { kind: "revocation", codeDigest: thiefsCode } as const;

/** Appends a row that fits after the last one, with any statement. */
async function appended(
  { ledger, clock, file }: Books,
  terms: Omit<RecordedChange, "number" | "leaf" | "statementJws" | "atMs">,
  { statementJws, atMs = clock.nowMs() }: { statementJws: string; atMs?: number },
): Promise<string> {
  const contents = { ...terms, statementJws, atMs, number: await ledger.lastNumber() + 1 };
  const completed = await completedBy(changeLeaf(contents), file);
  const values = [
    contents.kind,
    contents.name,
    contents.certificate,
    contents.codeDigest,
    statementJws,
    new Date(atMs).toISOString(),
  ].map((value) => value === undefined ? "NULL" : `'${value}'`);
  const subtrees = `x'${completed.join("")}'`;
  return `INSERT INTO account_change
    VALUES (${contents.number}, ${values.join(", ")}, ${subtrees})`;
}

/** @returns what a row adds to the tree after the stored rows */
async function completedBy(leaf: string, file: string): Promise<readonly string[]> {
  await using snapshot = openSqliteSnapshot({ file });
  const entries = await Array.fromAsync(snapshot.entries());
  const changes = await Array.fromAsync(snapshot.changes());
  const rows = [...entries.flat(), ...changes.flat()]
    .sort((one, other) => Number(one.number) - Number(other.number));
  const leaves = rows.map(({ subtrees }) => String(subtrees).slice(0, 64));
  return appendLeaf(
    leaves.reduce((tree, leaf) => appendLeaf(tree, leaf).tree, emptyTree),
    leaf,
  ).completed;
}

/** @returns a revocation of carol with the attacker's code, signed by `identity` */
async function signedBy(books: Books, identity: Identity): Promise<string> {
  const terms: ChangeTerms = {
    ...thiefsTerms,
    name: named("carol"),
    certificate: books.members.get("carol")!.certificate.fingerprint,
    previous: await books.ledger.lastStatement(),
    atMs: books.clock.nowMs(),
  };
  const signed = signAccountChange(terms, { identity, anchor: books.anchor });
  return await appended(books, signed, signed);
}

/** Appends an existing change again. */
async function repeated(
  books: Books,
  number: number,
  other: Partial<RecordedChange> = {},
): Promise<string> {
  const changes = await books.ledger.changes({ after: 0, limit: 99 });
  const change = changes.find((change) => change.number === number)!;
  return await appended(books, { ...change, ...other }, change);
}

async function refusalAtStart({ file, anchor }: Books): Promise<string> {
  const ledger = await openSqliteLedger({ file, ledgerId: anchor.fingerprint, serve: false });
  try {
    const history = new ChangeHistory({ ledger, anchor });
    return (await assertRejects(() => history.verifyAll(), LedgerError)).message;
  } finally {
    await ledger.close();
  }
}

async function sqlite3(file: string, sql: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("sqlite3", {
    args: ["-bail", file, sql],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
