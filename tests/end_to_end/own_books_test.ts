/**
 * `history --format`: a member exports the own books, which other programs check.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { beanCheck, hledger } from "../books/accounting_programs.ts";
import { testWith } from "../installed_tool.ts";
import { jsonLines, openSceneInProcess } from "./driver.ts";

testWith(
  ["hledger", "bean-check"],
  "a member's books are complete and balanced after payments while away and after the loss of the wallet's file",
  async () => {
    await using scene = await openSceneInProcess(["alice", "bob"]);
    const pay = (as: string, to: string, amount: number) =>
      scene.inProcess(["pay", to, String(amount), "--via-server", "--memo", "=1+1; a:b"], { as });
    await pay("bob", "alice", 3);
    // Bob's client is away, so his wallet has no receipts of these.
    for (const amount of [5, 7]) assertEquals((await pay("alice", "bob", amount)).code, 0);
    const exported = async (...words: string[]) => {
      const { code, stdout, stderr } = await scene.inProcess(
        ["history", "--format", ...words],
        { as: "bob" },
      );
      assertEquals([code, stderr], [0, ""]);
      return stdout;
    };
    const before = await exported("jsonl");
    await Deno.remove(`${scene.home("bob")}/wallet.db`);
    assertEquals(await exported("jsonl"), before);
    // With --json an export is the same.
    assertEquals(await exported("jsonl", "--json"), before);

    const rows = jsonLines(before);
    const balances = rows.map(({ to, from_balance, to_balance }) =>
      to === "bob" ? to_balance : from_balance
    );
    assertEquals(balances, [10000, 9997, 10002, 10009]);
    const receipts = rows.map(({ order, receipt }) => JSON.stringify({ order, receipt }));
    await Deno.writeTextFile(scene.path("receipts"), receipts.join("\n"));
    assertEquals((await scene.verifyInProcess(scene.path("receipts"))).code, 0);

    const journals = {
      hledger: await hledger(await exported("hledger"), "check"),
      beancount: await beanCheck(await exported("beancount")),
      later: await hledger(await exported("hledger", "--from", "2100-01-01"), "check"),
    };
    for (const [name, { success, text }] of Object.entries(journals)) {
      assertEquals([name, success ? "" : text], [name, ""]);
    }
    const [header, ...lines] = (await exported("csv")).trim().split("\n");
    assertEquals(header, "entry,at,kind,id,account,other,amount,balance,memo,refunds");
    assertEquals(lines.length, 4);
    assertMatch(lines[1]!, /,bob,alice,-3,9997,"'=1\+1; a:b",$/);
    assertEquals((await exported("csv", "--to", "2020-01-01")).trim(), header);
  },
);

Deno.test("an export of a member's books says which options do not go together, and which date is wrong", async () => {
  await using scene = await openSceneInProcess(["alice"]);
  const rows: readonly (readonly [string, RegExp])[] = [
    ["--from 2026-01-01", /--from is for an export; give --format too/],
    ["--bom", /--bom is for an export; give --format too/],
    ["--format csv --limit 5", /--limit does not go with --format; give days with --from and --to/],
    ["--format csv --before 5", /--before does not go with --format/],
    ["--format jsonl --bom", /--bom is for csv, not for jsonl/],
    ["--format csv --from 2026-02-01 --to 2026-01-01", /--from 2026-02-01 is after --to 2026-01/],
    ["--format csv --from 2026-02-30", /--from "2026-02-30": a date is a day as YYYY-MM-DD/],
    ["--format csv --to 1.3.2026", /--to "1.3.2026": a date is a day as YYYY-MM-DD/],
    ["--format xml", /--format "xml": the format of an export is csv, jsonl, hledger or beancount/],
  ];
  for (const [words, text] of rows) {
    const { code, stdout, stderr } = await scene.inProcess(["history", ...words.split(" ")]);
    assertEquals([words, code, stdout], [words, 2, ""]);
    assertMatch(stderr, text);
  }
});
