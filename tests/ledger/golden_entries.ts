/** Entries and account changes with their digests and heads, which `docs/ledger.md` shows too. */
import type { RecordedChange } from "../../src/ledger/account_change.ts";
import type { EntryContents } from "../../src/ledger/entry.ts";
import type { Amount } from "../../src/money.ts";
import { alice, bob, noonMs, orderId } from "./ledger_samples.ts";

// Computed independently, by Python's json and hashlib, from the description alone.
export const goldenEntries: readonly [EntryContents, string, string][] = [
  [
    {
      number: 1,
      id: orderId(1),
      kind: "opening",
      payer: "@issuer",
      payee: alice,
      amount: 10_000 as Amount,
      orderJws: "registered",
      atMs: noonMs,
    },
    "8e5733586f43b14d59c51a171a273515faf4ec542206f55d9aba71c7b6d8843b",
    "d15cb5ddc5695f515613c059637a8f59a67e4fbdcc6061f55f57f9b321dacdf1",
  ],
  [
    {
      number: 2,
      id: orderId(2),
      kind: "payment",
      payer: alice,
      payee: bob,
      amount: 2000 as Amount,
      memo: 'lunch "é" 𝄞',
      orderJws: "eyJ.eyJ.sig",
      atMs: noonMs + 1,
    },
    "eff2f3f9b0da31cded28c8dc752ca84f0cb6066e7ba97a4b3f527798f821e601",
    "f4f33509fcdb69e31810b201ef2498825997447b99c5cff7dcfa89a8f0474b8e",
  ],
  [
    {
      number: 3,
      id: orderId(3),
      kind: "refund",
      payer: bob,
      payee: alice,
      amount: 500 as Amount,
      orderJws: "eyJ.eyJ.back",
      atMs: noonMs - 3_600_000,
      refunds: orderId(2),
    },
    "000f95f9aa07d697630be7ce5ac9dc3242554679e9cce7a97a2b085ef79b56a6",
    "786fd85bfdae8bb847fb4c2801426040c917bcf4558081c326edb73c6e2facac",
  ],
];

/** They follow the entries. */
export const goldenChanges: readonly [Omit<RecordedChange, "hash">, string, string][] = [
  [
    {
      number: 4,
      kind: "revocation",
      name: alice,
      certificate: "c1".repeat(32),
      codeDigest: "c0".repeat(32),
      statementJws: "eyJ.eyJ.stated",
      atMs: noonMs + 2,
    },
    "85641ab28882100b91af411a9ff897ffed94b60deb9069799bb37ae99fe209f2",
    "f01187f2e8fd686247d4a639efe333963c834f248c74e38d11296f8dc8b2e1fc",
  ],
  [
    { number: 5, kind: "closure", name: alice, statementJws: "eyJ.eyJ.closed", atMs: noonMs + 3 },
    "daf3a5debc365432412187b5fea838251785890430f0020a9f8341850a164281",
    "64ce5829a6710df2fb3ac160e5c3b509f7961751bb2dd8b910fc66b9760391dc",
  ],
];
