/**
 * A member's own books: `hledger` and `bean-check` agree with them, and rows that prove something
 * else than they say are refused.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ExportSelection } from "../../src/books/books_export.ts";
import { exportWriter } from "../../src/cli/export_writer.ts";
import { exportOwnBooks } from "../../src/client/own_books.ts";
import { EnvelopeError, MicropayError, ProtocolError } from "../../src/errors.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { orderText } from "../../src/protocol/order.ts";
import { signReceipt } from "../../src/protocol/receipt.ts";
import { answerWith, refuse } from "../../src/protocol/request_type.ts";
import { beanCheck, hledger } from "../books/accounting_programs.ts";
import { hostileNames, openHostileBooks } from "../books/hostile_books.ts";
import { testWith } from "../installed_tool.ts";
import { type Books, named, openSampleBooks } from "../operator/books.ts";

interface Row {
  readonly order: string;
  readonly receipt: string;
  readonly balance: number;
}

type Format = Parameters<typeof exportWriter>[0]["format"];
type Days = Pick<ExportSelection, "from" | "to">;

function rowOf(entry: Entry, name: string, books: Books): Row {
  return {
    order: orderText(entry, { ledgerId: books.anchor.fingerprint }),
    receipt: signReceipt(entry, books.certificates).text,
    balance: entry.payer === name ? entry.payerBalance : entry.payeeBalance,
  };
}

async function rowsOf(name: string, books: Books): Promise<Row[]> {
  const entries = await books.ledger.history(named(name), { after: 0, limit: 1000 });
  return entries.map((entry) => rowOf(entry, name, books));
}

/** Returns the lines of an export of these rows, in pages of three. */
async function exported(
  rows: readonly Row[],
  { name, books, format = "jsonl", ...days }: Days & {
    readonly name: string;
    readonly books: Books;
    readonly format?: Format;
  },
): Promise<string[]> {
  const account = named(name);
  const writer = exportWriter({ format, bom: false, account, ...days }, "export");
  async function* pages() {
    for (let at = 0; at < rows.length; at += 3) {
      yield await Promise.resolve(answerWith({ entries: rows.slice(at, at + 3) }));
    }
  }
  const lines: string[] = [];
  const member = { name: account, anchor: books.anchor };
  for await (const part of exportOwnBooks(pages(), days, { writer, member })) {
    assert(part.outcome === "answered");
    lines.push(...part.answer);
  }
  return lines;
}

interface Selection extends Days {
  readonly title: string;
  /** Whose books are checked. The programs take most of this file's time. */
  readonly names?: readonly string[];
}

const selections: readonly Selection[] = [
  { title: "everything", names: hostileNames.slice(0, 3) },
  { title: "from a day on", from: "2026-11-25" },
  { title: "up to a day", to: "2026-11-25" },
  { title: "one day", from: "2026-11-25", to: "2026-11-25" },
  { title: "days after the last entry", from: "2030-01-01" },
  { title: "days before the first entry", to: "2020-01-01" },
];

for (const { title, names = ["a.b"], ...days } of selections) {
  testWith(
    ["hledger", "bean-check"],
    `own books: hledger and bean-check agree with ${title}, with hostile memos and names`,
    async () => {
      await using books = await openHostileBooks();
      for (const name of names) {
        const rows = await rowsOf(name, books);
        const text = async (format: Format) =>
          [...await exported(rows, { name, books, format, ...days }), ""].join("\n");
        const found = [
          await hledger(await text("hledger"), "check"),
          await beanCheck(await text("beancount")),
        ];
        assertEquals(found.map(({ success, text }) => success ? "" : text), ["", ""]);
      }
    },
  );
}

testWith(
  ["hledger"],
  "own books: hledger finds an entry that is missing in the journal, and reads the account's balance",
  async () => {
    await using books = await openSampleBooks();
    const rows = await rowsOf("alice", books);
    const lines = await exported(rows, { name: "alice", books, format: "hledger" });
    const { balance } = (await books.ledger.account(named("alice")))!;
    const { text } = await hledger(lines.join("\n"), "balance", "members:alice", "-O", "csv");
    assert(text.includes(`"members:alice","${balance}"`), text);
    const at = lines.findIndex((line) => line.includes("(4) payment"));
    const end = lines.indexOf("", at);
    assert(!(await hledger(lines.toSpliced(at, end - at).join("\n"), "check")).success);
  },
);

Deno.test("own books: each format has the same entries, and the balance before the first day is carried in", async () => {
  await using books = await openHostileBooks();
  const name = "a.b";
  const rows = await rowsOf(name, books);
  const all = (await exported(rows, { name, books })).map((line) => JSON.parse(line));
  assertEquals(
    all.map(({ order, receipt }) => [order, receipt]),
    rows.map((row) => [
      row.order,
      row.receipt,
    ]),
  );
  const balances = all.map(({ from, from_balance, to_balance }) =>
    from === name ? from_balance : to_balance
  );
  assertEquals(balances, rows.map(({ balance }) => balance));
  assert(
    all.every(({ from, from_balance, to_balance }) =>
      (from === name ? to_balance : from_balance) === undefined
    ),
  );
  const [carried, ...later] = (await exported(rows, { name, books, from: "2026-11-25" }))
    .map((line) => JSON.parse(line));
  const before = all.length - later.length;
  assertEquals(carried, { account: name, carried: rows[before - 1]!.balance });
  assertEquals(later, all.slice(before));
  const csv = await exported(rows, { name, books, format: "csv" });
  assertEquals(csv.length, 1 + rows.length);
});

Deno.test("own books: lines come before the next page is asked for, and no page after the last day", async () => {
  await using books = await openSampleBooks();
  const rows = await rowsOf("alice", books);
  let asked = 0;
  async function* pages() {
    for (const row of rows) {
      asked++;
      yield await Promise.resolve(answerWith({ entries: [row] }));
    }
  }
  const run = (days: Days) => {
    asked = 0;
    const account = named("alice");
    const writer = exportWriter({ format: "csv", bom: false, account, ...days }, "export");
    const member = { name: account, anchor: books.anchor };
    return exportOwnBooks(pages(), days, { writer, member });
  };
  let lines = 0;
  for await (const part of run({})) {
    assert(part.outcome === "answered");
    // The header comes with the first entry.
    lines += part.answer.length;
    if (lines <= rows.length) assertEquals(lines, asked + 1);
  }
  assertEquals(lines, rows.length + 1);
  for await (const part of run({ to: "2020-01-01" })) assert(part.outcome === "answered");
  assertEquals(asked, 1);
});

/** What a server may send instead of the rows, with the error that names it. */
const wrong: Readonly<
  Record<string, {
    readonly change: (rows: Row[], others: Row[]) => Row[];
    readonly error: new (message: string) => MicropayError;
    readonly text: string;
  }>
> = {
  "a row is left out": {
    change: (rows) => rows.toSpliced(1, 1),
    error: ProtocolError,
    text: "the amounts up to entry 6 add up to 1100, and the server says 800",
  },
  "a balance is changed": {
    change: ([first, ...rest]) => [{ ...first!, balance: first!.balance + 1 }, ...rest],
    error: ProtocolError,
    text: "the amounts up to entry 1 add up to 1000, and the server says 1001",
  },
  "a row comes twice": {
    change: ([first, ...rest]) => [first!, first!, ...rest],
    error: ProtocolError,
    text: "entry 1 comes after 1",
  },
  "a row is another account's": {
    change: (_, others) => others,
    error: ProtocolError,
    text: "entry 2 is not one of alice",
  },
  "a receipt is for another order": {
    change: ([first, second, ...rest]) => [first!, { ...second!, order: first!.order }, ...rest],
    error: EnvelopeError,
    text: "receipt",
  },
};

for (const [title, { change, error, text }] of Object.entries(wrong)) {
  Deno.test(`own books: nothing more is exported when ${title}`, async () => {
    await using books = await openSampleBooks();
    const rows = change(await rowsOf("alice", books), await rowsOf("bob", books));
    await assertRejects(() => exported(rows, { name: "alice", books }), error, text);
  });
}

Deno.test("own books: a refusal of the server ends the export", async () => {
  await using books = await openSampleBooks();
  const member = { name: named("alice"), anchor: books.anchor };
  const writer = exportWriter({ format: "csv", bom: false }, "export");
  async function* pages() {
    yield await Promise.resolve(refuse(220));
  }
  const outcomes = [];
  for await (const { outcome } of exportOwnBooks(pages(), {}, { writer, member })) {
    outcomes.push(outcome);
  }
  assertEquals(outcomes, ["refused"]);
});
