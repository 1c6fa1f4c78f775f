/**
 * The audit finds every kind of change to a ledger's file, and names the first wrong entry.
 * `tampered_changes_test.ts` tests account changes.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { sha256Hex, SigningKey } from "../../src/pki/signing_key.ts";
import { systemRandom } from "../../src/random.ts";
import { type Books, named, openSampleBooks } from "./books.ts";
import { change, triggerNames, withoutTriggers } from "./tampering.ts";

/**
 * A change by an attacker with the file and `sqlite3`. The triggers are restored afterwards, word
 * for word.
 */
interface Tampering {
  readonly title: string;
  readonly sql: string | ((books: Books) => string | Promise<string>);
  /** The entry that the audit names, if there is one. */
  readonly entry?: number;
  readonly reason: string;
}

/** Sets one column of one entry to another value. */
function column(name: string, entry: number, value: string, reason: string): Tampering {
  const sql = `UPDATE entry SET ${name} = ${value} WHERE number = ${entry}`;
  return { title: `${name} of entry ${entry} set to ${value}`, sql, entry, reason };
}

const hashes = "its hashes do not follow";
const otherId = "substr(id, 1, 35) || CASE substr(id, 36) WHEN 'f' THEN 'e' ELSE 'f' END";
const forged = "signature = randomblob(64)";
const certificateOf = (name: string) =>
  `(SELECT fingerprint FROM certificate WHERE username = '${name}')`;
const notSigned = "verify a signature: it is not by the expected key";

const columns: readonly Tampering[] = [
  column("amount", 4, "301", notSigned),
  column("amount", 7, "9007199254740991", notSigned),
  column("payer", 4, "'carol'", "it is signed by another account than its payer"),
  column("payee", 4, "'carol'", notSigned),
  column("payee", 4, "'nobody'", notSigned),
  column("payee", 4, "'Bob'", "its payee cannot be"),
  column("memo", 4, "'lunCh'", notSigned),
  column("memo", 4, "NULL", notSigned),
  column("memo", 5, "''", "its memo cannot be"),
  column("memo", 5, "'a' || char(10)", "its memo cannot be"),
  column("kind", 7, "'opening'", hashes),
  column("kind", 4, "'deposit'", "does not fit"),
  column("kind", 4, "'Payment'", "its kind cannot be"),
  column("kind", 6, "'payment'", "its refunds cannot be"),
  column("refunds", 6, "(SELECT id FROM entry WHERE number = 5)", notSigned),
  column("refunds", 4, "(SELECT id FROM entry WHERE number = 5)", "its refunds cannot be"),
  column("id", 4, otherId, notSigned),
  column("id", 4, "upper(id)", "its id cannot be"),
  column("id", 5, "(SELECT id || '' FROM entry WHERE number = 4) || 'x'", "its id cannot be"),
  column("at", 4, "'2026-11-23T12:00:00.001Z'", hashes),
  column("at", 4, "'2026-11-23T12:00:00.000+00:00'", "its at cannot be"),
  column("at", 4, "'2026-11-23 12:00:00.000Z'", "its at cannot be"),
  column("iat", 4, "iat + 1", notSigned),
  column("iat", 4, "-1", "its iat cannot be"),
  column("exp", 4, "exp + 1", notSigned),
  column("exp", 4, "9007199254740992", "its exp cannot be"),
  column("signature", 4, "randomblob(64)", notSigned),
  column("signature", 4, "substr(signature, 2)", "its signature cannot be"),
  column("signature", 5, "(SELECT signature FROM entry WHERE number = 4)", notSigned),
  column("order_digest", 4, "randomblob(32)", "its order_digest is not the one of its order"),
  column("order_digest", 4, "substr(order_digest, 2)", "its order_digest cannot be"),
  column("certificate", 4, certificateOf("bob"), "it is signed by another account than its payer"),
  column("certificate", 4, certificateOf("@issuer"), "it is a server's"),
  column("certificate", 4, "upper(certificate)", "its certificate cannot be"),
  column("certificate", 7, certificateOf("carol"), "it is a member's"),
  column("certificate", 7, `'${"0f".repeat(32)}'`, "under the certificate 0f0f"),
  column("subtrees", 5, "(SELECT subtrees FROM entry WHERE number = 7)", hashes),
  // The leaf is right, and the root of the four leaves is not.
  column("subtrees", 4, "unhex(substr(hex(subtrees), 1, 128) || hex(randomblob(32)))", hashes),
  // Only the leaf is wrong.
  column("subtrees", 4, "unhex(hex(randomblob(32)) || substr(hex(subtrees), 65))", hashes),
  // Only the root of two leaves is wrong, between the leaf and the root of four.
  column(
    "subtrees",
    4,
    "unhex(substr(hex(subtrees), 1, 64) || hex(randomblob(32)) || substr(hex(subtrees), 129))",
    hashes,
  ),
  column("subtrees", 4, "unhex(hex(subtrees) || hex(randomblob(32)))", hashes),
  column("subtrees", 4, "substr(subtrees, 1, 95)", "its subtrees cannot be"),
  column("subtrees", 4, "x''", "its subtrees cannot be"),
  column("id", 5, "id || char(0)", 'its id cannot be "'),
  column(
    "memo",
    4,
    "memo || char(0) || 'and dinner'",
    'its memo cannot be "lunch\\u0000and dinner"',
  ),
  column("payee", 4, "payee || char(0)", 'its payee cannot be "bob\\u0000"'),
  column("certificate", 4, "certificate || char(0)", "its certificate cannot be"),
  column("payer_balance", 4, "701", "its payer_balance is 701, the entries make 700"),
  column("payee_balance", 9, "974", "its payee_balance is 974, the entries make 787"),
];

const rows: readonly Tampering[] = [
  {
    title: "two forged signatures, with another fault between them",
    sql: `UPDATE entry SET ${forged} WHERE number IN (4, 7);
      UPDATE entry SET amount = 77 WHERE number = 5`,
    entry: 4,
    reason: notSigned,
  },
  {
    title: "a forged signature after another fault",
    sql: `UPDATE entry SET amount = 77 WHERE number = 4;
      UPDATE entry SET ${forged} WHERE number = 5`,
    entry: 4,
    reason: notSigned,
  },
  {
    title: "two entries swapped",
    sql: `UPDATE entry SET number = 100 WHERE number = 4;
      UPDATE entry SET number = 4 WHERE number = 5; UPDATE entry SET number = 5 WHERE number = 100`,
    entry: 4,
    reason: hashes,
  },
  {
    title: "the first entry removed",
    sql: "DELETE FROM entry WHERE number = 1",
    entry: 1,
    reason: "it is missing; the next one there is 2",
  },
  {
    title: "an entry in the middle removed",
    sql: "DELETE FROM entry WHERE number = 5",
    entry: 5,
    reason: "it is missing; the next one there is 6",
  },
  {
    title: "an entry removed and the others moved up",
    sql:
      "DELETE FROM entry WHERE number = 5; UPDATE entry SET number = number - 1 WHERE number > 5",
    entry: 5,
    reason: hashes,
  },
  {
    title: "the last entry removed",
    sql: "DELETE FROM entry WHERE number = 9",
    reason: "alice has 787 and its entries make 780",
  },
  {
    title: "all entries removed",
    sql: "DELETE FROM entry",
    reason: "@issuer has -3480 and its entries make 0",
  },
  {
    title: "an entry added that says what an earlier one says",
    sql: `INSERT INTO entry SELECT 10, ${otherId}, kind, payer, payee, amount, memo,
      order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature,
      certificate FROM entry WHERE number = 4`,
    entry: 10,
    reason: notSigned,
  },
  {
    title: "an entry added in the middle",
    sql: `UPDATE entry SET number = -number WHERE number > 4;
      INSERT INTO entry SELECT 5, ${otherId}, kind, payer, payee, amount, memo,
      order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature,
      certificate FROM entry WHERE number = 4;
      UPDATE entry SET number = 1 - number WHERE number < 0`,
    entry: 5,
    reason: notSigned,
  },
  {
    title: "an entry added with the id of another one, without the index that forbids it",
    sql: `PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, 'id TEXT NOT NULL UNIQUE', 'id TEXT NOT NULL')
        WHERE name = 'entry';
      DELETE FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex_entry%';
      PRAGMA writable_schema = RESET;
      INSERT INTO entry SELECT 10, id, kind, payer, payee, amount, memo,
      order_digest, at, payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature,
      certificate FROM entry WHERE number = 4`,
    entry: 10,
    reason: "is that of an earlier entry",
  },
  {
    title: "a balance changed",
    sql: "UPDATE client SET balance = balance + 1 WHERE username = 'bob'",
    reason: "bob has 1151 and its entries make 1150",
  },
  {
    title: "two balances changed so that the sum stays zero",
    sql: `UPDATE client SET balance = balance + 5 WHERE username = 'bob';
      UPDATE client SET balance = balance - 5 WHERE username = 'carol'`,
    reason: "bob has 1155",
  },
  {
    title: "an account added",
    sql: "INSERT INTO client (username) VALUES ('mallory')",
    reason: "the account mallory has no certificate that it was registered with",
  },
  {
    title: "an account removed",
    sql: "DELETE FROM client WHERE username = 'bob'",
    entry: 2,
    reason: "there is no account bob",
  },
  {
    title: "a certificate replaced by another one of the same CA for the same account",
    sql: (books) => {
      const old = books.members.get("alice")!.certificate.fingerprint;
      const { der, fingerprint, keyFingerprint } = otherCertificate(books, "alice");
      return `UPDATE certificate SET fingerprint = '${fingerprint}', der = x'${encodeHex(der)}',
        key_fingerprint = '${keyFingerprint}' WHERE fingerprint = '${old}'`;
    },
    entry: 4,
    reason: "which the ledger does not have",
  },
  {
    title: "a certificate replaced by that of another account",
    sql: `UPDATE certificate SET der = (SELECT der FROM certificate WHERE username = 'bob')
      WHERE username = 'alice'`,
    entry: 4,
    reason: "signed by another account than its payer",
  },
  {
    title: "one byte of the server's certificate changed, without an entry that it signed",
    sql: (books) => {
      const server = "username = '@issuer'";
      const der = books.certificates.identity.certificate.der.slice();
      der[der.length - 1]! ^= 1;
      const other = encodeHex(der);
      return `INSERT INTO certificate SELECT '${"0f".repeat(32)}', username, key_fingerprint,
        x'${other}', issued_at FROM certificate WHERE ${server}`;
    },
    reason: "of @issuer",
  },
  {
    title: "an entry that names a copy of its certificate, under another fingerprint",
    sql: `INSERT INTO certificate SELECT '${"0f".repeat(32)}', username, key_fingerprint, der,
        issued_at FROM certificate WHERE username = '@issuer';
      UPDATE entry SET certificate = '${"0f".repeat(32)}' WHERE number = 7`,
    entry: 7,
    reason: "another certificate than the one that it names",
  },
  {
    title: "another start of the server's certificate",
    sql: "UPDATE certificate SET issued_at = '2026-11-23T12:00:00.000Z' WHERE username = '@issuer'",
    reason: "its row says something else than it",
  },
  {
    title: "one byte of a certificate changed, of an account that never paid",
    sql: async (books) => {
      const der = (await books.register("dave", 0)).certificate.der.slice();
      der[der.length - 1]! ^= 1;
      return `UPDATE certificate SET der = x'${encodeHex(der)}' WHERE username = 'dave'`;
    },
    reason: "of dave",
  },
  {
    title: "a certificate given to another account",
    sql: "UPDATE certificate SET username = 'carol' WHERE username = 'bob'",
    entry: 5,
    reason: "which the ledger does not have for bob",
  },
  {
    title: "a certificate removed",
    sql: "DELETE FROM certificate WHERE username = 'alice'",
    entry: 4,
    reason: "which the ledger does not have",
  },
  {
    title: "an account added whose name differs from another's by a NUL",
    sql: "INSERT INTO client (username) VALUES ('bob' || char(0))",
    reason: 'an account cannot be named "bob\\u0000"',
  },
  {
    title: "a certificate that no search for its account finds, because of a NUL",
    sql: "UPDATE certificate SET username = username || char(0) WHERE username = 'bob'",
    entry: 5,
    reason: "which the ledger does not have for bob",
  },
  {
    title: "the identifier of another ledger beside its own",
    sql: `INSERT INTO ledger VALUES ('${"f".repeat(64)}')`,
    reason: "another ledger as well",
  },
  {
    title: "another ledger's identifier",
    sql: `UPDATE ledger SET id = '${"0".repeat(64)}'`,
    reason: "it belongs to the CA 0000",
  },
];

for (const { title, sql, entry, reason } of [...columns, ...rows]) {
  Deno.test(`the audit finds ${title}`, async () => {
    await using books = await openSampleBooks();
    const statements = typeof sql === "string" ? sql : await sql(books);
    change(books.file, withoutTriggers(books.file, statements));
    const found = await books.audit();
    assertEquals([found.outcome, "entry" in found ? found.entry : undefined], ["wrong", entry]);
    assertStringIncludes("reason" in found ? found.reason : "", reason);
  });
}

for (const name of triggerNames) {
  Deno.test(`the audit finds that the trigger ${name} was dropped`, async () => {
    await using books = await openSampleBooks();
    change(books.file, `DROP TRIGGER ${name}`);
    const found = await books.audit();
    assertStringIncludes("reason" in found ? found.reason : "", name);
  });
}

Deno.test("the audit finds a disarmed trigger", async () => {
  await using books = await openSampleBooks();
  change(
    books.file,
    `DROP TRIGGER entry_kept; CREATE TRIGGER entry_kept BEFORE DELETE ON entry BEGIN SELECT 1; END`,
  );
  const found = await books.audit();
  assertStringIncludes("reason" in found ? found.reason : "", "entry_kept");
});

for (const type of ["trigger", "Trigger", "TRIGGER"]) {
  Deno.test(`the audit finds a foreign trigger, even when the schema calls it a ${type}`, async () => {
    await using books = await openSampleBooks();
    change(
      books.file,
      `CREATE TRIGGER theirs AFTER INSERT ON entry BEGIN SELECT 1; END;
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET type = '${type}' WHERE name = 'theirs';
      PRAGMA writable_schema = RESET`,
    );
    const found = await books.audit();
    assertStringIncludes("reason" in found ? found.reason : "", "theirs is not one of this");
  });
}

Deno.test("the audit finds no fault after harmless statements", async () => {
  await using books = await openSampleBooks();
  change(
    books.file,
    `CREATE TABLE pragma_foreign_key_check (mine TEXT); CREATE VIEW mine AS SELECT * FROM entry;
    CREATE UNIQUE INDEX my_index ON entry (id, number)`,
  );
  change(books.file, withoutTriggers(books.file, "UPDATE entry SET amount = amount"));
  change(books.file, "VACUUM");
  assertEquals((await books.audit()).outcome, "in_order");
});

/** @returns a certificate that the CA issued and the ledger does not have */
function otherCertificate(books: Books, name: string) {
  const { authority } = books.certificates;
  const { publicKey } = SigningKey.generate().signingKey;
  const atMs = books.clock.nowMs();
  const der = authority.issueMember({
    name: named(name),
    publicKey,
    atMs,
    random: systemRandom,
  });
  return { der, fingerprint: sha256Hex(der), keyFingerprint: publicKey.fingerprint };
}
