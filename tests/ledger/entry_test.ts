import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import type { Amount } from "../../src/money.ts";
import { changeDigest, type RecordedChange } from "../../src/ledger/account_change.ts";
import { chainHash, type EntryContents, entryDigest } from "../../src/ledger/entry.ts";
import { goldenChanges, goldenEntries } from "./golden_entries.ts";
import { alice, bob, ledgerId, noonMs, orderId } from "./ledger_samples.ts";

Deno.test("an entry's digest and the head after it match the description", () => {
  let head = ledgerId;
  for (const [contents, digest, hash] of goldenEntries) {
    const bytes = entryDigest(contents);
    // Encoded first, because the returned bytes must not share memory that an encoder overwrites.
    assertEquals(encodeHex(bytes), digest);
    head = chainHash(head, bytes);
    assertEquals(head, hash);
  }
});

Deno.test("an account change's digest and the head after it match the description", () => {
  let head = goldenEntries.at(-1)![2];
  for (const [contents, digest, hash] of goldenChanges) {
    const bytes = changeDigest(contents);
    assertEquals(encodeHex(bytes), digest);
    head = chainHash(head, bytes);
    assertEquals(head, hash);
  }
});

Deno.test("every part of an account change changes its digest", () => {
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
  assertEquals(new Set(all.map((one) => encodeHex(changeDigest(one)))).size, all.length);
});

Deno.test("every part of an entry changes its digest", () => {
  const [contents] = goldenEntries[1]!;
  const changes: Partial<EntryContents>[] = [
    { number: 3 },
    { id: orderId(3) },
    { kind: "opening" },
    { payer: bob },
    { payee: alice },
    { amount: 2001 as Amount },
    { memo: "" },
    { orderJws: "eyJ.eyJ.sih" },
    { atMs: noonMs + 2 },
    { refunds: orderId(1) },
    { refunds: orderId(2) },
    { refunds: "" },
  ];
  const { memo: _, ...without } = contents;
  const all = [contents, without, ...changes.map((change) => ({ ...contents, ...change }))];
  assertEquals(new Set(all.map((one) => encodeHex(entryDigest(one)))).size, all.length);
});
