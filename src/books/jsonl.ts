/**
 * Writes one JSON object a line, with all that an entry holds.
 */
import type { CarriedBalances, ExportedEntry, ExportWriter } from "./books_export.ts";

/** @returns a writer of JSON lines */
export function jsonlWriter(): ExportWriter {
  return {
    *begin(carried: CarriedBalances) {
      for (const [account, balance] of carried) yield JSON.stringify({ account, carried: balance });
    },
    *entry({ entry, documents }: ExportedEntry) {
      yield JSON.stringify({
        entry: entry.number,
        id: entry.id,
        kind: entry.kind,
        at: new Date(entry.atMs).toISOString(),
        from: entry.payer,
        to: entry.payee,
        amount: entry.amount,
        memo: entry.memo,
        refunds: entry.refunds,
        from_balance: entry.payerBalance,
        to_balance: entry.payeeBalance,
        ...documents(),
      });
    },
    *end() {},
  };
}
