/**
 * Exports: CSV adds up, and `hledger` and `bean-check` accept the journals with hostile memos and
 * names.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { AccountName } from "../../src/account_name.ts";
import { LedgerError } from "../../src/errors.ts";
import { issuingAccount } from "../../src/ledger/entry.ts";
import { openSqliteSnapshot } from "../../src/ledger/sqlite/sqlite_snapshot.ts";
import { beancountAccount, beancountWriter } from "../../src/books/beancount.ts";
import { csvWriter } from "../../src/books/csv.ts";
import { hledgerAccount, hledgerWriter } from "../../src/books/hledger.ts";
import { jsonlWriter } from "../../src/books/jsonl.ts";
import type { ExportSelection } from "../../src/books/books_export.ts";
import { exportLines } from "../../src/operator/exported_entries.ts";
import { orderText, verifyOrder } from "../../src/protocol/order.ts";
import { testWith } from "../installed_tool.ts";
import { beanCheck, hledger, withFile } from "../books/accounting_programs.ts";
import { hostileMemos, hostileNames, openHostileBooks } from "../books/hostile_books.ts";
import { type Books, named, openSampleBooks } from "./books.ts";
import { change, withoutTriggers } from "./tampering.ts";

const writers = {
  csv: csvWriter,
  jsonl: jsonlWriter,
  hledger: hledgerWriter,
  beancount: beancountWriter,
};

async function exported(
  books: Books,
  format: keyof typeof writers,
  selection: ExportSelection & { readonly bom?: boolean } = {},
): Promise<string> {
  await using snapshot = openSqliteSnapshot({ file: books.file });
  return [
    ...await Array.fromAsync(exportLines(snapshot, selection, writers[format](selection))),
    "",
  ].join("\n");
}

const selections: readonly { readonly title: string; readonly selection: ExportSelection }[] = [
  { title: "everything", selection: {} },
  { title: "one account", selection: { account: named("a.b") } },
  { title: "from a day on", selection: { from: "2026-11-25" } },
  { title: "up to a day", selection: { to: "2026-11-25" } },
  { title: "one day", selection: { from: "2026-11-25", to: "2026-11-25" } },
  { title: "one account from a day on", selection: { account: named("7"), from: "2026-11-24" } },
  { title: "days after the last entry", selection: { from: "2030-01-01" } },
  { title: "days before the first entry", selection: { to: "2020-01-01" } },
];

for (const { title, selection } of selections) {
  testWith(
    ["hledger", "bean-check"],
    `export: hledger and bean-check agree with the journals of ${title}, with hostile memos and names`,
    async () => {
      await using books = await openHostileBooks();
      const found = [
        await hledger(await exported(books, "hledger", selection), "check"),
        await beanCheck(await exported(books, "beancount", selection)),
      ];
      assertEquals(found.map(({ success, text }) => success ? "" : text), ["", ""]);
    },
  );
}

testWith(
  ["hledger"],
  "export: hledger and bean-query read the balances that the ledger has",
  async () => {
    await using books = await openHostileBooks();
    const journal = await exported(books, "hledger");
    const csv = (await hledger(journal, "balance", "--flat", "--empty", "-O", "csv")).text;
    for (const name of hostileNames) {
      const balance = (await books.ledger.account(named(name)))!.balance;
      assertStringIncludes(csv, `"${hledgerAccount(named(name))}","${balance}"`);
      const beancount = await exported(books, "beancount");
      const last = beancount.split("\n").findLast((line) =>
        line.includes(` balance ${beancountAccount(named(name))} `)
      );
      assert(last?.endsWith(`  ${balance} UNIT`), last);
    }
  },
);

for (const format of ["hledger", "beancount"] as const) {
  testWith(
    [format === "hledger" ? "hledger" : "bean-check"],
    `export: a ${format} journal with one changed amount is refused`,
    async () => {
      await using books = await openSampleBooks();
      const journal = await exported(books, format);
      const lines = journal.split("\n");
      const check = format === "hledger"
        ? (text: string) => hledger(text, "check")
        : (text: string) => beanCheck(text);
      assert((await check(journal)).success);
      const postings = lines.flatMap((line, at) => /^ +\S+ {2}-?300\b/.test(line) ? [at] : []);
      assertEquals(postings.length, 2);
      // Both sides change, so that the transaction still adds up. Only the balances show it.
      for (const at of postings) lines[at] = lines[at]!.replace(/( -?)300\b/, "$1301");
      assert(!(await check(lines.join("\n"))).success);
    },
  );
}

testWith(
  ["bean-check"],
  "export: Beancount reads memos unchanged",
  async () => {
    await using books = await openHostileBooks();
    const query = "SELECT DISTINCT length(narration), narration";
    const beanQuery = (file: string) => ["bean-query", "-f", "csv", file, query];
    const { text } = await withFile(
      "books.beancount",
      await exported(books, "beancount"),
      beanQuery,
    );
    // bean-query pads its columns, so a length shows the end of a memo.
    const found = new Set(
      text.split("\r\n").slice(1).map((line) => {
        const [, length, shown] = /^ *(\d+) *,(.*)$/.exec(line) ?? [];
        return `${length} ${shown?.replace(/^"|" *$/g, "").replaceAll('""', '"').trimEnd()}`;
      }),
    );
    for (const memo of hostileMemos) {
      const line = `${[...memo].length} ${memo.trimEnd().replace(/^"|"$/g, "")}`;
      assert(found.has(line), line);
    }
  },
);

testWith(
  ["hledger"],
  "export: hledger reads memos unchanged after the escapes are decoded",
  async () => {
    await using books = await openHostileBooks();
    const { text } = await hledger(await exported(books, "hledger"), "print", "-O", "json");
    const transactions: { tdate: string; ttags: [string, string][] }[] = JSON.parse(text);
    const payments = transactions.slice(hostileNames.length);
    const memos = payments.map(({ ttags }) => {
      assertEquals(ttags.map(([name]) => name).filter((name) => name !== "refunds"), [
        "id",
        "at",
        "memo",
      ]);
      return decodeURIComponent(
        ttags.at(-1)![1].replace(/%(?![0-9A-F]{2})/g, "%25"),
      );
    });
    const expected = hostileMemos.flatMap((memo, index) => index % 3 === 0 ? [memo, memo] : [memo]);
    assertEquals(memos, expected);
    assert(transactions.every(({ tdate }) => tdate >= "2026-11-23"));
  },
);

Deno.test("export: the amounts of an account in CSV add up to its balance, and memos start no formula", async () => {
  await using books = await openHostileBooks();
  for (const selection of [{}, { from: "2026-11-25" }] as const) {
    const [header, ...rows] = readCsv(await exported(books, "csv", selection));
    assertEquals(
      header!.join(),
      "entry,at,kind,id,account,other,amount,balance,memo,refunds",
    );
    for (const row of rows) assertEquals(row.length, header!.length, row.join());
    for (const name of [...hostileNames, issuingAccount]) {
      const own = rows.filter((row) => row[4] === name);
      const sum = own.reduce((total, row) => total + Number(row[6]), 0);
      assertEquals(sum, Number(own.at(-1)![7]));
      if (name === issuingAccount) continue;
      assertEquals(sum, (await books.ledger.account(named(name)))!.balance);
    }
    const memos = rows.map((row) => row[8]!);
    for (const memo of memos) {
      const seen = memo.replace(/^[\s\u2800\p{Cf}\p{Default_Ignorable_Code_Point}]+/u, "");
      assert(!/^[=+\-@＝＋－＠﹢﹣−]/.test(seen), memo);
    }
  }
  const memos = readCsv(await exported(books, "csv")).slice(1).map((row) => row[8]!);
  const readBack = new Set(memos.map((memo) => memo.replace(/^'/, "")));
  for (const memo of hostileMemos) assert(readBack.has(memo), memo);
});

Deno.test("export: a CSV reads the same with semicolons as separators, and begins with a byte order mark on request", async () => {
  await using books = await openHostileBooks();
  const csv = await exported(books, "csv");
  assertStringIncludes(csv, ',"a;b",');
  // There is no semicolon outside of quotes.
  assert(!csv.replace(/"([^"]|"")*"/g, "").includes(";"));
  assertEquals(await exported(books, "csv", { bom: true }), `\ufeff${csv}`);
});

Deno.test("export: JSON lines hold all members of an entry", async () => {
  await using books = await openSampleBooks();
  const rows = (await exported(books, "jsonl")).trim().split("\n").map((line) => JSON.parse(line));
  const entries = await books.ledger.history(named("alice"), { after: 0, limit: 9 });
  assertEquals(rows.length, 9);
  for (const entry of entries) {
    const { number, leaf, memo, refunds, amount, payer, payeeBalance } = entry;
    const text = orderText(entry, { ledgerId: books.anchor.fingerprint });
    assertEquals(verifyOrder(text, books).payload.id, entry.id);
    const { order, from, to_balance, ...row } = rows[number - 1];
    assertEquals([row.entry, order, row.leaf], [number, text, leaf]);
    assertEquals([row.memo, row.refunds, row.amount], [memo, refunds, amount]);
    assertEquals([from, to_balance], [payer, payeeBalance]);
  }
  const carried = (await exported(books, "jsonl", { from: "2026-11-25" })).trim().split("\n");
  assertEquals(carried.slice(0, 4).map((line) => JSON.parse(line)), [
    { account: "@issuer", carried: -3500 },
    { account: "alice", carried: 800 },
    { account: "bob", carried: 1150 },
    { account: "carol", carried: 1550 },
  ]);
});

Deno.test("export: JSON lines end before an entry whose order is not the one that was booked", async () => {
  await using books = await openSampleBooks();
  change(
    books.file,
    withoutTriggers(books.file, "UPDATE entry SET iat = iat + 1 WHERE number = 4"),
  );
  const reason = "row 4: its order is not the one that was booked; audit it";
  await assertRejects(() => exported(books, "jsonl"), LedgerError, reason);
});

Deno.test("export: the account names of the journals can be read back", () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,31}$/);
  fc.assert(fc.property(name, (text) => {
    const account = beancountAccount(text as AccountName);
    assert(/^Assets:[A-Z][A-Za-z0-9-]*$/.test(account));
    const read = account.slice("Assets:M-".length).replace(
      /-([0-9a-f]{2})/g,
      (_, code) => String.fromCharCode(parseInt(code, 16)),
    );
    assertEquals(read, text);
    assertEquals(hledgerAccount(text as AccountName).slice("members:".length), text);
  }));
});

/** RFC 4180. */
function readCsv(text: string): string[][] {
  return text.trimEnd().split("\n").map((line) =>
    [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) =>
      quoted?.replaceAll('""', '"') ?? plain!
    )
  );
}
