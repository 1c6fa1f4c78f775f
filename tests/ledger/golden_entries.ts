/** Entries and account changes with their leaves and heads, which `docs/ledger.md` shows too. */
import type { RecordedChange } from "../../src/ledger/account_change.ts";
import { type EntryContents, orderDigest } from "../../src/ledger/entry.ts";
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
      orderDigest: orderDigest("registered"),
      atMs: noonMs,
    },
    "8c620018f81be8e40b2e17dd12d1ca8f738dfbc586ce390a52890e74c8ccc163",
    "8c620018f81be8e40b2e17dd12d1ca8f738dfbc586ce390a52890e74c8ccc163",
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
      orderDigest: orderDigest("eyJ.eyJ.sig"),
      atMs: noonMs + 1,
    },
    "8387b7d8ea3255600739fa15a55c1bb2487636cfaa2a3053265212c2dec3c9b2",
    "c086407b24ab35af7d31ce26d392896c310ed6f275ae8e12f397ba96d89f8ca2",
  ],
  [
    {
      number: 3,
      id: orderId(3),
      kind: "refund",
      payer: bob,
      payee: alice,
      amount: 500 as Amount,
      orderDigest: orderDigest("eyJ.eyJ.back"),
      atMs: noonMs - 3_600_000,
      refunds: orderId(2),
    },
    "88d14f3d5ac4f67b87d53caa40bbbc40c6cef274b1a9a49e54117747a58809d4",
    "dc4d893b20bf7d0ef9873b01acdb8d4371c843f2d8ece23becfa99826cc97276",
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
    "5e7787c90e45ba888e9c0938f597ac037e10b934e5a71d3a1c8ec93791694183",
  ],
  [
    { number: 5, kind: "closure", name: alice, statementJws: "eyJ.eyJ.closed", atMs: noonMs + 3 },
    "1ff363791412e7d6139fdcd9aac42755d9cdd72761f0a513327ea46233ec2d99",
    "1328a72e2c21c8466c04d6b5edd40329cfa4643f9a743a95eaf1e72c67d892a6",
  ],
];
