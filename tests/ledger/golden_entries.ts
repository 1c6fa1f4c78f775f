/** Entries and account changes with their leaves and heads, which `docs/ledger.md` shows too. */
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
    "5a1928beae31a306da0ddcc28ee48d6078392fd50edb2e9bb3b54abdf8acc5c3",
    "5a1928beae31a306da0ddcc28ee48d6078392fd50edb2e9bb3b54abdf8acc5c3",
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
    "be571302336488ba70d3329219e8c9bdcb2469b538b2b93d61668a4a3e96bd99",
    "8622465b819a3c1bc50e608f833bd7142146462008e986997efa1f135f16bc71",
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
    "ca2fb6726fac36ba38e90d317b03c81944e8026d296bdddc0b4eb246cc0f08d2",
    "e63ecf4534c2a924f4d8663f2a226463f9e39ea0ce47180fbe622a6482c6c101",
  ],
];

/** They follow the entries. */
export const goldenChanges: readonly [Omit<RecordedChange, "leaf">, string, string][] = [
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
    "13e3040336cd544f41c3d6179a1e450f514e00e7c0936410f906830eb290b82e",
    "7f468ec20982942e71f7562b80cb40eefa8045e1a0bf27949aaf9f9007bb245c",
  ],
  [
    { number: 5, kind: "closure", name: alice, statementJws: "eyJ.eyJ.closed", atMs: noonMs + 3 },
    "1ff363791412e7d6139fdcd9aac42755d9cdd72761f0a513327ea46233ec2d99",
    "a444f506844493109e6fb01ad59e30b365430f780b90bb07c21d2413442d08fc",
  ],
];
