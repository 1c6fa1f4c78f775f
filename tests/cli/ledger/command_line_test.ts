/**
 * Command lines of `micropay ledger` and their requests.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parsed, printedBy, refusedWith } from "../command_line/fixture.ts";

const defaults = { kind: "ledger", db: "server.db", certs: "certs", json: false };
const id = "019aaf3e-7c00-7000-8000-000000000001";

const taken: readonly { readonly line: string; readonly asks: Record<string, unknown> }[] = [
  { line: "audit", asks: { command: { name: "audit" } } },
  {
    line: "audit --db a.db --certs /c --json",
    asks: { command: { name: "audit" }, db: "a.db", certs: "/c", json: true },
  },
  { line: "--db a.db audit", asks: { command: { name: "audit" }, db: "a.db" } },
  { line: "balances", asks: { command: { name: "balances" } } },
  { line: "show Alice", asks: { command: { name: "show", what: { account: "alice" } } } },
  { line: "show 7", asks: { command: { name: "show", what: { number: 7, account: "7" } } } },
  { line: "show 007", asks: { command: { name: "show", what: { account: "007" } } } },
  { line: `show ${id.toUpperCase()}`, asks: { command: { name: "show", what: { id } } } },
  {
    line: "deposit alice 500 --memo grant",
    asks: { command: { name: "deposit", account: "alice", amount: 500, memo: "grant" } },
  },
  {
    line: "withdraw alice 9007199254740991",
    asks: { command: { name: "withdraw", account: "alice", amount: 9007199254740991 } },
  },
  { line: "export", asks: { command: { name: "export", format: "csv", bom: false } } },
  {
    line: "export --format beancount --account bob --from 2026-01-01 --to 2026-12-31",
    asks: {
      command: {
        name: "export",
        format: "beancount",
        bom: false,
        account: "bob",
        from: "2026-01-01",
        to: "2026-12-31",
      },
    },
  },
  { line: "backup b.db", asks: { command: { name: "backup", file: "b.db" } } },
  {
    line: "copy --from a.db --to postgres://micropay@127.0.0.1/ledger --json",
    asks: {
      db: "a.db",
      json: true,
      command: { name: "copy", to: "postgres://micropay@127.0.0.1/ledger" },
    },
  },
  { line: "create", asks: { command: { name: "create" } } },
  { line: "restore b.db", asks: { command: { name: "restore", file: "b.db" } } },
  { line: "reissue alice", asks: { command: { name: "reissue", account: "alice" } } },
  { line: "close alice", asks: { command: { name: "close", account: "alice" } } },
];

for (const { line, asks } of taken) {
  Deno.test(`micropay ledger ${line} is accepted`, () => {
    assertEquals(parsed(`ledger ${line}`) as unknown, { ...defaults, ...asks });
  });
}

Deno.test("ledger takes missing options from the environment", () => {
  const variables = { MICROPAY_DB: "e.db", MICROPAY_CERTS: "/e", MICROPAY_JSON: "yes" };
  assertEquals(parsed("ledger balances --db a.db", variables) as unknown, {
    kind: "ledger",
    command: { name: "balances" },
    db: "a.db",
    certs: "/e",
    json: true,
  });
});

const refused: readonly {
  readonly line: string;
  readonly reason: string;
  /** The help page that the refusal names; that of the command by default. */
  readonly page?: string;
}[] = [
  { line: "", reason: "", page: "ledger" },
  { line: "adit", reason: 'Did you mean "audit"?', page: "ledger" },
  { line: "audit now", reason: '"now" is not expected here' },
  { line: "show", reason: "NAME|ENTRY|ID is missing" },
  { line: "show @issuer", reason: "this is no account's name" },
  { line: "deposit alice", reason: "AMOUNT is missing" },
  { line: "deposit alice 0", reason: "an amount is a whole number" },
  { line: "deposit alice -5", reason: "an amount is a whole number" },
  { line: "withdraw @issuer 5", reason: "a name is" },
  { line: "export --format xml", reason: "csv, jsonl, hledger or beancount" },
  { line: "export --from 2026-02-30", reason: "a date is a day as YYYY-MM-DD" },
  { line: "export --to 1.1.2026", reason: "a date is a day as YYYY-MM-DD" },
  { line: "backup", reason: "FILE is missing" },
  { line: "copy --to b.db", reason: "--from is missing" },
  { line: "copy --from a.db", reason: "--to is missing" },
  { line: "copy --db a.db --to b.db", reason: "--db" },
  { line: "close", reason: "NAME is missing" },
];

for (const { line, reason, page = `ledger ${line.split(" ")[0]}` } of refused) {
  Deno.test(`micropay ledger ${line} is refused`, () => {
    const refusal = refusedWith(`ledger ${line}`);
    assertStringIncludes(refusal.reason.replace(/\s+/g, " "), reason);
    assertStringIncludes(refusal.text, `Try "micropay ${page} --help".`);
    assertEquals(refusedWith(`ledger ${line} --json`).json, true);
  });
}

const pages: readonly { readonly words: string; readonly usage: string }[] = [
  { words: "", usage: "micropay ledger [OPTIONS] COMMAND" },
  { words: "audit", usage: "micropay ledger audit [OPTIONS]" },
  { words: "balances", usage: "micropay ledger balances [OPTIONS]" },
  { words: "show", usage: "micropay ledger show [OPTIONS] NAME|ENTRY|ID" },
  { words: "deposit", usage: "micropay ledger deposit [OPTIONS] NAME AMOUNT" },
  { words: "withdraw", usage: "micropay ledger withdraw [OPTIONS] NAME AMOUNT" },
  { words: "export", usage: "micropay ledger export [OPTIONS]" },
  { words: "backup", usage: "micropay ledger backup [OPTIONS] FILE" },
  { words: "copy", usage: "micropay ledger copy [OPTIONS]" },
  { words: "create", usage: "micropay ledger create [OPTIONS]" },
  { words: "restore", usage: "micropay ledger restore [OPTIONS] FILE" },
  { words: "reissue", usage: "micropay ledger reissue [OPTIONS] NAME" },
  { words: "close", usage: "micropay ledger close [OPTIONS] NAME" },
];

for (const { words, usage } of pages) {
  Deno.test(`micropay ledger ${words} --help shows the usage, the options and an example`, () => {
    const { text } = printedBy(`ledger ${words} --help`);
    assertMatch(text, new RegExp(`^Usage: ${RegExp.escape(usage)}$`, "m"));
    const places = words === "copy" ? ["--from FILE", "--to FILE"] : ["--db FILE"];
    for (const option of [...places, "--certs DIR", "--json"]) {
      assertMatch(text, new RegExp(`^  ${option} +[^ ]`, "m"));
    }
    assertMatch(text, new RegExp(`^Examples:\n {2}micropay ledger ${words}`, "m"));
    for (const [, name] of text.matchAll(/^ {2}--([a-z-]+)/gm)) {
      if (name === "help") continue;
      assertStringIncludes(text, `[MICROPAY_${name!.toUpperCase()}]`);
    }
  });
}
