/**
 * The audit accepts honest books. It finds the entries of a dishonest operator, even with hashes
 * and balances that fit.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type EntryContents,
  type EntryKind,
  entryLeaf,
  issuingAccount,
} from "../../src/ledger/entry.ts";
import type { EntrySide } from "../../src/ledger/entry.ts";
import { appendLeaf, type CompactRange, emptyTree } from "../../src/ledger/merkle_tree.ts";
import type { Amount } from "../../src/money.ts";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { derivedOrderId } from "../../src/protocol/derived_order_id.ts";
import { bookingOf, signOrder } from "../../src/protocol/order.ts";
import { signPaymentRequest } from "../../src/protocol/payment_request.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import { issueMember } from "../server/test_server.ts";
import { type Books, named, openBooks, openSampleBooks } from "./books.ts";

const hour = 3_600_000;
const codeDigest = "c0".repeat(32);

Deno.test("the audit accepts and counts entries of every kind", async () => {
  await using books = await openSampleBooks();
  const told: number[] = [];
  const report = await books.audit({ onProgress: (share) => told.push(share) });
  assertEquals(report, {
    outcome: "in_order",
    entries: 9,
    changes: 0,
    accounts: 3,
    certificates: 3,
    size: 9,
    head: (await books.ledger.totals()).head,
  });
  assertEquals(told.at(-1), 1);
});

Deno.test("the audit accepts books without entries or accounts", async () => {
  await using books = await openBooks();
  assertEquals((await books.audit()).outcome, "in_order");
  await books.register("alice", 0);
  const { head } = await books.ledger.totals();
  const counts = { entries: 0, changes: 0, accounts: 1, certificates: 1, size: 0 };
  assertEquals(await books.audit(), { outcome: "in_order", ...counts, head });
});

Deno.test("the audit accepts a clock that was set back or forward between payments", async () => {
  await using books = await openSampleBooks();
  for (const jump of [hour, -2 * hour, hour]) {
    books.clock.jump(jump);
    await books.move(["alice", "bob"], 1);
  }
  assertEquals((await books.audit()).outcome, "in_order");
});

Deno.test("the audit accepts payments under both certificates of a member", async () => {
  await using books = await openSampleBooks();
  await books.revoke("alice", codeDigest);
  await books.reissue("alice", codeDigest);
  await books.move(["alice", "bob"], 1);
  const report = await books.audit();
  assertEquals(report.outcome === "in_order" && [report.entries, report.changes], [10, 2]);
});

Deno.test("the audit accepts a revocation or closure after the clock was set back", async () => {
  await using books = await openSampleBooks();
  books.clock.jump(-hour);
  await books.revoke("alice", codeDigest);
  await books.closeAccount("carol");
  assertEquals((await books.audit()).outcome, "in_order");
  await books.move(["carol", issuingAccount], 5, { kind: "withdrawal" });
  assertEquals((await books.audit()).outcome, "in_order");
});

Deno.test("the audit adds up all refunds of a payment", async () => {
  await using books = await openSampleBooks();
  const { id } = await books.move(["alice", "bob"], 5);
  for (let part = 0; part < 5; part++) await books.move(["bob", "alice"], 1, { refunds: id });
  assertEquals((await books.audit()).outcome, "in_order");
  const sides = ["bob", "alice"] as const;
  await forge(books, sides, { amount: 1, refunds: id, signer: books.members.get("bob")! });
  assertWrong(await books.audit(), 16, "are 6 with it, more than its 5");
});

Deno.test("the audit accepts a payment of a request, and finds one whose request is changed or asks for something else", async () => {
  await using books = await openSampleBooks();
  const { anchor, clock, members, file } = books;
  const [payer, payee] = [named("alice"), named("bob")];
  const book = async (amount: number) => {
    const request = signPaymentRequest({ amount: 3 as Amount, lifetimeMs: hour }, {
      ...{ payee, identity: members.get("bob")!, anchor, clock, random: systemRandom },
    });
    const terms = { id: request.id, payer, payee, request: request.text };
    const order = signOrder({ ...terms, amount: amount as Amount }, {
      ...{ identity: members.get("alice")!, anchor, clock },
    });
    const booking = bookingOf(order, { kind: "payment", atMs: clock.nowMs() });
    assertEquals((await books.ledger.book(booking)).outcome, "booked");
  };
  await book(3);
  const report = await books.audit();
  assertEquals(report.outcome, "in_order");
  const { entries } = report;
  await book(4);
  const other = "is another payment than its payment request asks for";
  assertWrong(await books.audit(), entries + 1, other);
  const database = new DatabaseSync(file);
  database.exec(`DROP TRIGGER entry_unchanged; UPDATE entry SET request = NULL`);
  database.close();
  const changed = await books.audit();
  assertEquals([changed.outcome, changed.outcome === "wrong" && changed.entry], ["wrong", entries]);
});

interface Forgery {
  readonly title: string;
  readonly sides: readonly [string, string];
  readonly options: (books: Books) => Promise<Partial<ForgeOptions>> | Partial<ForgeOptions>;
  readonly reason: string;
}

const forgeries: readonly Forgery[] = [
  {
    title: "a payment signed by the server in the payer's place",
    sides: ["alice", "bob"],
    options: ({ certificates }) => ({ signer: certificates.identity }),
    reason: "verify the certificate of a member: it is a server's",
  },
  {
    title: "a payment signed by another member",
    sides: ["alice", "bob"],
    options: ({ members }) => ({ signer: members.get("bob")! }),
    reason: "it is signed by another account than its payer",
  },
  {
    title: "a payment under a certificate that the CA issued and the ledger never did",
    sides: ["alice", "bob"],
    options: ({ certificates }) => ({
      signer: issueMember(certificates.authority, "alice"),
      orderMs: Date.now(),
    }),
    reason: "which the ledger does not have",
  },
  {
    title: "a deposit signed by the member it is for",
    sides: [issuingAccount, "bob"],
    options: ({ members }) => ({ signer: members.get("bob")!, kind: "deposit" }),
    reason: "verify the certificate of a server: it is a member's",
  },
  {
    title: "a payment of more than the payer has",
    sides: ["alice", "bob"],
    options: () => ({ amount: 788 }),
    reason: "alice has -1 after it",
  },
  {
    title: "a payment under an id that its payee derived",
    sides: ["alice", "bob"],
    options: () => ({ id: derivedOrderId({ account: "bob", purpose: "test", content: "" }) }),
    reason: "its order has an id that another account derived",
  },
  {
    title: "a payment that its payer signed long before",
    sides: ["alice", "bob"],
    options: ({ clock }) => ({ orderMs: clock.nowMs() - hour }),
    reason: "its order had expired before",
  },
  {
    title: "a payment that its payer signed long after",
    sides: ["alice", "bob"],
    options: ({ clock }) => ({ orderMs: clock.nowMs() + hour }),
    reason: "its order was made after it",
  },
  {
    title: "a second opening",
    sides: [issuingAccount, "bob"],
    options: () => ({ kind: "opening" }),
    reason: "it opens bob, which had entries before",
  },
  {
    title: "a refund of what is a refund itself",
    sides: ["alice", "bob"],
    options: async (books) => ({ refunds: await idOf(books, 6) }),
    reason: "which is no earlier payment",
  },
  {
    title: "a refund to somebody else",
    sides: ["bob", "carol"],
    options: async (books) => ({ refunds: await idOf(books, 4) }),
    reason: "which is no earlier payment",
  },
  {
    title: "a refund of nothing",
    sides: ["bob", "alice"],
    options: ({ clock }) => ({ refunds: makeOrderId(clock, systemRandom) }),
    reason: "which is no earlier payment",
  },
];

for (const { title, sides, options, reason } of forgeries) {
  Deno.test(`the audit finds ${title}, in a good tree`, async () => {
    await using books = await openSampleBooks();
    await forge(books, sides, await options(books));
    assertWrong(await books.audit(), 10, reason);
  });
}

Deno.test("the audit finds an order that is booked twice under ids that differ by a NUL, in a good tree", async () => {
  await using books = await openSampleBooks();
  await forge(books, ["alice", "bob"], {});
  await forge(books, ["alice", "bob"], { again: 10 });
  assertWrong(await books.audit(), 11, "its id cannot be");
});

Deno.test("the audit accepts an honest entry that is written the same way", async () => {
  await using books = await openSampleBooks();
  await forge(books, ["alice", "bob"], {});
  assertEquals((await books.audit()).outcome, "in_order");
});

Deno.test("the audit cannot find a cut-off end with its balances; the heads in receipts show it", async () => {
  await using books = await openSampleBooks();
  const [before, last] = await books.ledger.history(named("carol"), { limit: 2 });
  books.tamper(
    "DROP TRIGGER entry_kept",
    "DELETE FROM entry WHERE number = 9",
    "UPDATE client SET balance = balance + 7 WHERE username = 'carol'",
    "UPDATE client SET balance = balance - 7 WHERE username = 'alice'",
    `CREATE TRIGGER entry_kept BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never deleted'); END`,
  );
  const report = await books.audit();
  assertEquals([report.outcome, report.entries], ["in_order", 8]);
  assert("head" in report && report.head !== before!.head && report.head !== last!.head);
});

function assertWrong(
  found: Awaited<ReturnType<Books["audit"]>>,
  entry: number,
  reason: string,
): void {
  assertEquals(found.outcome, "wrong");
  if (found.outcome !== "wrong") return;
  assertStringIncludes(found.reason, reason);
  assertEquals([found.entry, found.entries], [entry, entry - 1]);
}

async function idOf({ file }: Pick<Books, "file">, number: number): Promise<string> {
  await using snapshot = openSqliteSnapshot({ file });
  return String((await snapshot.entryByNumber(number))!.id);
}

interface ForgeOptions {
  /** The id of the order. Random when absent. */
  readonly id: string;
  readonly amount: number;
  readonly kind: EntryKind;
  readonly signer: Identity;
  readonly refunds: string;
  /** The signing time in the order. */
  readonly orderMs: number;
  /** The entry whose order an attacker without a key books again. */
  readonly again: number;
}

/**
 * Appends an entry as a dishonest operator with the file and the keys can: against all rules, with
 * hashes and balances that fit.
 */
async function forge(
  { file, clock, anchor, members, certificates, ledger }: Books,
  [payer, payee]: readonly [string, string],
  options: Partial<ForgeOptions>,
): Promise<void> {
  const { amount = 5, refunds, orderMs = clock.nowMs() } = options;
  const isIssuing = payer === issuingAccount || payee === issuingAccount;
  const signer = options.signer ?? (isIssuing ? certificates.identity : members.get(payer)!);
  const id = options.again === undefined
    ? options.id ?? makeOrderId(clock, systemRandom)
    : await idOf({ file }, options.again);
  const sides = { payer: payer as EntrySide, payee: payee as EntrySide };
  const terms = { id, ...sides, amount: amount as Amount, refunds };
  const signed = signOrder(terms, { identity: signer, anchor, clock: { nowMs: () => orderMs } });
  const database = new DatabaseSync(file);
  const value = (sql: string, ...values: string[]) =>
    Object.values(database.prepare(sql).get(...values)!)[0];
  const balance = (name: string) =>
    Number(value("SELECT balance FROM client WHERE username = ?", name));
  const parts = options.again === undefined
    ? { ...signed.payload, orderDigest: signed.digest, signature: signed.signature }
    : (await ledger.entry(id))!;
  const contents: EntryContents = {
    number: Number(value("SELECT max(number) FROM entry")) + 1,
    id,
    kind: options.kind ?? (refunds === undefined ? "payment" : "refund"),
    payer: sides.payer,
    payee: sides.payee,
    amount: amount as Amount,
    ...(refunds !== undefined && { refunds }),
    orderDigest: parts.orderDigest,
    atMs: clock.nowMs(),
  };
  const rows = database.prepare(
    "SELECT hex(substr(subtrees, 1, 32)) AS leaf FROM entry ORDER BY number",
  );
  const tree = rows.all().reduce<CompactRange>(
    (grown, { leaf }) => appendLeaf(grown, String(leaf).toLowerCase()).tree,
    emptyTree,
  );
  database.prepare("PRAGMA foreign_keys = OFF").run();
  database.prepare("PRAGMA ignore_check_constraints = ON").run();
  database.prepare(
    `INSERT INTO entry (number, id, kind, payer, payee, amount, memo, order_digest, at,
      payer_balance, payee_balance, subtrees, refunds, iat, exp, signature, certificate)
      VALUES (?, ?, ?, ?, ?, ?, NULL, unhex(?), ?, ?, ?, unhex(?), ?, ?, ?, ?, ?)`,
  ).run(
    contents.number,
    options.again === undefined ? id : `${id}\0`,
    contents.kind,
    payer,
    payee,
    amount,
    parts.orderDigest,
    new Date(contents.atMs).toISOString(),
    balance(payer) - amount,
    balance(payee) + amount,
    appendLeaf(tree, entryLeaf(contents)).completed.join(""),
    refunds ?? null,
    parts.iat,
    parts.exp,
    parts.signature,
    signer.certificate.fingerprint,
  );
  const change = database.prepare("UPDATE client SET balance = balance + ? WHERE username = ?");
  change.run(-amount, payer);
  change.run(amount, payee);
  database.close();
}
