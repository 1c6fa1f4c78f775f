/**
 * Writes one JSON object a line, with all that an entry holds.
 */
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { requireOrderText } from "../protocol/order.ts";
import type { CarriedBalances, ExportedEntry, ExportWriter } from "./exported_entries.ts";

/** @returns a writer of JSON lines */
export function jsonlWriter({ ledgerId }: Pick<LedgerSnapshot, "ledgerId">): ExportWriter {
  return {
    *begin(carried: CarriedBalances) {
      for (const [account, balance] of carried) yield JSON.stringify({ account, carried: balance });
    },
    *entry({ entry }: ExportedEntry) {
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
        order: requireOrderText(entry, { ledgerId }),
        leaf: entry.subtrees.slice(0, 64),
      });
    },
    *end() {},
  };
}
