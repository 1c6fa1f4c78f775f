/**
 * Commands for members who check everything: their words, their requests and their help.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parsed, printedBy, refusedWith } from "../command_line/fixture.ts";

const client = "client 127.0.0.1 8888";
const id = "019aaf3e-7c00-7000-8000-000000000001";

const commands: readonly { readonly words: string; readonly command: object }[] = [
  { words: "pay bob 5", command: { name: "pay", payee: "bob", amount: 5, viaServer: false } },
  {
    words: "pay bob 5 --via-server --memo lunch",
    command: { name: "pay", payee: "bob", amount: 5, viaServer: true, memo: "lunch" },
  },
  { words: "receive --since 0", command: { name: "receive", since: 0 } },
  { words: "receive --since 7 --count 2", command: { name: "receive", since: 7, count: 2 } },
  { words: `refund ${id}`, command: { name: "refund", payment: { id } } },
  { words: "refund 7", command: { name: "refund", payment: { entry: 7 } } },
  { words: "status 7", command: { name: "status", payment: { entry: 7 } } },
  {
    words: `refund ${id.toUpperCase()} 5 --memo sorry`,
    command: { name: "refund", payment: { id }, amount: 5, memo: "sorry" },
  },
  { words: `refund ${id} --id ${id}`, command: { name: "refund", payment: { id }, refundId: id } },
  { words: "audit", command: { name: "audit", accept: false, yes: false } },
  { words: "receipt 7", command: { name: "receipt", payment: { entry: 7 }, proof: false } },
  { words: "receipt 7 --proof", command: { name: "receipt", payment: { entry: 7 }, proof: true } },
  { words: "receipts --out a", command: { name: "receipts", out: "a" } },
  { words: "receipts", command: { name: "receipts", out: "receipts" } },
  {
    words: "register alice --code abcd-0123",
    command: { name: "register", account: "alice", typed: "alice", code: "ABCD-0123" },
  },
  {
    words: "register alice --code-file -",
    command: { name: "register", account: "alice", typed: "alice", codeFile: "-" },
  },
];

for (const { words, command } of commands) {
  Deno.test(`client … ${words} is read`, () => {
    const request = parsed(`${client} ${words}`);
    assert(request.kind === "client");
    assertEquals<object>(request.command, command);
  });
}

const refused: readonly { readonly words: string; readonly says: string }[] = [
  { words: "refund", says: "ENTRY|ID is missing." },
  ...["0", "07", "7x", "9007199254740992"].map((entry) => ({
    words: `refund ${entry}`,
    says: `ENTRY|ID "${entry}": a payment is an entry's number, from 1, or an order's id`,
  })),
  { words: `refund ${id} 0`, says: 'AMOUNT "0"' },
  { words: `refund ${id} --id 7`, says: '--id "7": an order\'s id is a UUID of version 7 or 8.' },
  {
    words: "receive --since -1",
    says: '--since "-1": an entry\'s number is a whole number from 0',
  },
  { words: "register alice --code", says: "--code" },
  { words: "register alice --code a_b", says: '--code "a_b": a one-time code is' },
  { words: "audit now", says: '"now" is not expected here.' },
];

for (const { words, says } of refused) {
  Deno.test(`client … ${words} is refused`, () => {
    assertStringIncludes(refusedWith(`${client} ${words}`).reason, says);
  });
}

const pages: readonly { readonly line: string; readonly entries: readonly string[] }[] = [
  { line: client, entries: ["refund", "audit"] },
  { line: `${client} pay`, entries: ["--via-server"] },
  { line: `${client} receive`, entries: ["--count N", "--since ENTRY"] },
  { line: `${client} refund`, entries: ["ENTRY|ID", "AMOUNT", "--memo TEXT", "--id UUID"] },
  { line: `${client} audit`, entries: ["--json"] },
  { line: `${client} receipt`, entries: ["ENTRY|ID", "--proof"] },
  { line: `${client} receipts`, entries: ["--out DIR"] },
  { line: `${client} register`, entries: ["NAME", "--code CODE", "--code-file FILE"] },
  { line: "verify", entries: ["FILE", "--ca FILE", "--json"] },
  { line: "", entries: ["verify"] },
];

for (const { line, entries } of pages) {
  Deno.test(`micropay ${line} --help tells of ${entries.join(", ")}`, () => {
    const { text } = printedBy(`${line} --help`);
    for (const entry of entries) {
      assertMatch(text, new RegExp(`^  ${RegExp.escape(entry)}(\\.\\.\\.)? +[^ ]`, "m"));
    }
  });
}

Deno.test("verify takes files, the standard input, or nothing, which is the standard input", () => {
  const of = (words: string) => {
    const request = parsed(`verify ${words}`);
    assert(request.kind === "verify", words);
    return request;
  };
  assertEquals(of("").files, []);
  assertEquals(of("a.json - b.json").files, ["a.json", "-", "b.json"]);
  assertEquals([of("a.json --ca CA.pem --json").ca, of("a --json").json], ["CA.pem", true]);
  assertEquals(refusedWith("verify --cert x").json, false);
  assertEquals(refusedWith("verify --json --cert x").json, true);
});
