/**
 * Counts the SQL statements that one order costs. Each one holds up everybody, because the server
 * has one connection to its ledger.
 */
import { assertEquals } from "@std/assert";
import { StatementSync } from "node:sqlite";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { alice, bob, noonMs, orderId, payment, refund } from "../ledger_samples.ts";
import { withLedger } from "./temporary_ledger.ts";

/** BEGIN, SAVEPOINT, RELEASE and COMMIT. */
const ofTransaction = 4;

const rows: readonly {
  readonly title: string;
  readonly action: (ledger: Ledger) => Promise<unknown>;
  readonly statements: number;
}[] = [
  {
    title: "who may act as an account",
    action: (ledger) => ledger.currentCertificate(alice),
    statements: 1,
  },
  {
    // The order's place, both sides, the entry, both balances.
    title: "a booking",
    action: (ledger) => ledger.book(payment([alice, bob], 5, { id: 2 })),
    statements: ofTransaction + 4,
  },
  {
    // The refunded payment and the sum of its refunds, too.
    title: "a booking of a refund",
    action: (ledger) => ledger.book(refund([bob, alice], 5, { id: 2, of: 1 })),
    statements: ofTransaction + 6,
  },
  {
    // The order's place, its entry and the head after it.
    title: "an order that was booked before",
    action: (ledger) => ledger.book(payment([alice, bob], 5, { id: 1 })),
    statements: ofTransaction + 3,
  },
  {
    // The order's place, the payer's side, its void orders, the new one.
    title: "an order that is made void",
    action: (ledger) => {
      const { id, orderDigest: digest, certificate } = payment([alice, bob], 9, { id: 3 });
      const times = { atMs: noonMs, expiresAtMs: noonMs + 120_000 };
      return ledger.voidOrder({
        ...{ id, digest, payer: alice, certificate: certificate.fingerprint, code: 270 },
        ...times,
      });
    },
    statements: ofTransaction + 4,
  },
  {
    // The entries and the heads after them.
    title: "a page of three entries",
    action: async (ledger) => assertEquals((await ledger.history(alice, { limit: 3 })).length, 3),
    statements: 2,
  },
  {
    title: "a payment's refunds",
    action: (ledger) => ledger.sumRefunds(orderId(1)),
    statements: 1,
  },
];

for (const { title, action, statements } of rows) {
  Deno.test(`statements: ${title} takes ${statements}`, () =>
    withLedger(async ({ ledger }) => {
      await ledger.book(payment([alice, bob], 5, { id: 1 }));
      await ledger.book(payment([alice, bob], 5, { id: 4 }));
      assertEquals(await countStatements(() => action(ledger)), statements);
    }));
}

/** Counts what runs on every connection of this process. */
async function countStatements(action: () => Promise<unknown>): Promise<number> {
  const { prototype } = StatementSync;
  const { run, get, all } = prototype;
  let count = 0;
  const counted = <Method extends (...values: never[]) => unknown>(method: Method) =>
    function (this: StatementSync, ...values: never[]) {
      count++;
      return method.apply(this, values);
    };
  Object.assign(prototype, { run: counted(run), get: counted(get), all: counted(all) });
  try {
    await action();
  } finally {
    Object.assign(prototype, { run, get, all });
  }
  return count;
}
