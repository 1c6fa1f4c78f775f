import { assertEquals } from "@std/assert";
import type { Amount } from "../../src/money.ts";
import { changeLeaf, type RecordedChange } from "../../src/ledger/account_change.ts";
import { type EntryContents, entryLeaf } from "../../src/ledger/entry.ts";
import { goldenChanges, goldenEntries } from "./golden_entries.ts";
import { alice, bob, noonMs, orderId } from "./ledger_samples.ts";
import { plainRoot } from "./plain_tree.ts";

Deno.test("the leaves and heads of entries and account changes match the description", () => {
  const leaves: string[] = [];
  for (const [contents, leaf, head] of goldenEntries) {
    leaves.push(entryLeaf(contents));
    assertEquals([leaves.at(-1)!, plainRoot(leaves)], [leaf, head]);
  }
  for (const [contents, leaf, head] of goldenChanges) {
    leaves.push(changeLeaf(contents));
    assertEquals([leaves.at(-1)!, plainRoot(leaves)], [leaf, head]);
  }
});

Deno.test("every part of an account change changes its leaf", () => {
  const [contents] = goldenChanges[0]!;
  const { certificate: _, ...uncertified } = contents;
  const { codeDigest: __, ...codeless } = contents;
  const others: Partial<RecordedChange>[] = [
    { number: 5 },
    { kind: "closure" },
    { name: bob },
    { certificate: "c2".repeat(32) },
    { codeDigest: "c2".repeat(32) },
    { statementJws: "eyJ.eyJ.state" },
    { atMs: noonMs },
  ];
  const all = [contents, uncertified, codeless, ...others.map((one) => ({ ...contents, ...one }))];
  assertEquals(new Set(all.map((one) => changeLeaf(one))).size, all.length);
});

Deno.test("every part of an entry changes its leaf", () => {
  const [contents] = goldenEntries[1]!;
  const changes: Partial<EntryContents>[] = [
    { number: 3 },
    { id: orderId(3) },
    { kind: "opening" },
    { payer: bob },
    { payee: alice },
    { amount: 2001 as Amount },
    { memo: "" },
    { orderDigest: "0f".repeat(32) },
    { atMs: noonMs + 2 },
    { refunds: orderId(1) },
    { refunds: orderId(2) },
    { refunds: "" },
  ];
  const { memo: _, ...without } = contents;
  const all = [contents, without, ...changes.map((change) => ({ ...contents, ...change }))];
  assertEquals(new Set(all.map((one) => entryLeaf(one))).size, all.length);
});
