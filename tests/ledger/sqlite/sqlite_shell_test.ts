/** What a person can see and do at the `sqlite3` prompt while the ledger is open. */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { testWith } from "../../installed_tool.ts";
import { alice, bob, carol, payment, presenceOf, registration } from "../ledger_samples.ts";
import { withLedger } from "./temporary_ledger.ts";

interface ShellAnswer {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function sqlite3(file: string, sql: string): Promise<ShellAnswer> {
  const command = new Deno.Command("sqlite3", { args: ["-batch", "-bail", file, sql] });
  const { success, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { success, stdout: text(stdout), stderr: text(stderr) };
}

testWith(
  ["sqlite3"],
  "sqlite3 shows balances and who is online",
  () =>
    withLedger(async ({ file, ledger }) => {
      await ledger.bringOnline(presenceOf(bob));
      await ledger.book(payment([alice, bob], 300, { memo: "lunch" }));
      const clients = await sqlite3(
        file,
        "SELECT username, ip, public_port, private_port, online_status, balance FROM client ORDER BY 1",
      );
      assertEquals(clients.stdout.split("\n"), [
        "@issuer||||0|-1000000",
        "alice||||0|999700",
        "bob|192.0.2.7|50000|2000|1|300",
      ]);
      const entries = await sqlite3(
        file,
        "SELECT number, kind, payer, payee, amount, memo, at, payer_balance, payee_balance FROM entry",
      );
      assertEquals(entries.stdout.split("\n"), [
        "1|opening|@issuer|alice|1000000||2026-11-23T12:00:00.000Z|-1000000|1000000",
        "2|payment|alice|bob|300|lunch|2026-11-23T12:00:00.000Z|999700|300",
      ]);
      assertEquals((await sqlite3(file, "PRAGMA integrity_check")).stdout, "ok");
    }),
);

testWith(
  ["sqlite3"],
  "sqlite3 reads a consistent state while bookings run",
  () =>
    withLedger(async ({ file, ledger }) => {
      let [id, reading] = [0, true];
      const bookings = (async () => {
        while (reading) await ledger.book(payment([alice, bob], 1, { id: id++ }));
      })();
      const seen: number[] = [];
      for (let round = 0; round < 5; round++) {
        const sql = "BEGIN; SELECT sum(balance) FROM client; SELECT count(*) - 1 FROM entry; " +
          "SELECT balance FROM client WHERE username = 'bob'; END";
        const [sum, payments, balance] = (await sqlite3(file, sql)).stdout.split("\n").map(Number);
        assertEquals([sum, balance], [0, payments]);
        seen.push(payments!);
      }
      reading = false;
      await bookings;
      assertEquals(seen, [...seen].sort((a, b) => a - b));
      assertGreater(seen.at(-1)!, seen[0]!);
      assertEquals((await ledger.account(bob))?.balance, id);
    }),
);

const refusals: [string, string, string][] = [
  ["an entry changed", "UPDATE entry SET amount = 1 WHERE number = 2", "never changed"],
  ["an entry deleted", "DELETE FROM entry WHERE number = 2", "never deleted"],
  ["all entries deleted", "DELETE FROM entry", "never deleted"],
  ["an entry replaced by number", replacing("2", "'other'"), "appended after the last"],
  ["an entry replaced by id", replacing("3", "id"), "an id of its own"],
  ["a number left out", replacing("4", "'other'"), "appended after the last"],
  ["a balance below zero", "UPDATE client SET balance = -1 WHERE username = 'bob'", "CHECK"],
  ["a balance that is text", "UPDATE client SET balance = 'much'", "cannot store TEXT"],
];

function replacing(number: string, id: string): string {
  return `INSERT OR REPLACE INTO entry SELECT ${number}, ${id}, kind, payer, payee, 9, memo, order_digest, at,
    payer_balance, payee_balance, subtrees, refunds, request, iat, exp, signature, certificate FROM entry WHERE number = 2`;
}

for (const [sentence, sql, reason] of refusals) {
  testWith(
    ["sqlite3"],
    `sqlite3 is refused ${sentence}`,
    () =>
      withLedger(async ({ file, ledger }) => {
        await ledger.book(payment([alice, bob], 300));
        const before = await ledger.history(alice, { limit: 10 });
        const { success, stderr } = await sqlite3(file, sql);
        assert(!success);
        assertStringIncludes(stderr, reason);
        assertEquals(await ledger.history(alice, { limit: 10 }), before);
      }),
  );
}

testWith(
  ["sqlite3"],
  "a transaction open in sqlite3 does not block payments",
  () =>
    withLedger(async ({ file, ledger }) => {
      const shell = new Deno.Command("sqlite3", {
        args: ["-batch", file],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const stdin = shell.stdin.getWriter();
      const output = shell.stdout.pipeThrough(new TextDecoderStream()).getReader();
      await stdin.write(
        new TextEncoder().encode("BEGIN; SELECT 'at ' || count(*) FROM entry;\n"),
      );
      assertEquals((await output.read()).value?.trim(), "at 1");
      for (let id = 0; id < 10; id++) {
        assertEquals((await ledger.book(payment([alice, bob], 1, { id }))).outcome, "booked");
      }
      await stdin.write(new TextEncoder().encode("SELECT 'still ' || count(*) FROM entry; END;\n"));
      assertEquals((await output.read()).value?.trim(), "still 1");
      await stdin.close();
      await output.cancel();
      assert((await shell.status).success);
    }),
);

testWith(
  ["sqlite3"],
  "a change by hand with sqlite3 is read as it is or stops the ledger, and never gives a wrong balance",
  () =>
    withLedger(async ({ file, ledger }) => {
      await ledger.register(registration(carol, 10));
      await sqlite3(file, "UPDATE client SET balance = 5 WHERE username = 'carol'");
      assertEquals((await ledger.account(carol))?.balance, 5);
      assertEquals((await ledger.totals()).balanceSum, -5);
      assertEquals((await ledger.book(payment([carol, bob], 6))).outcome, "bankrupt");
    }),
);
