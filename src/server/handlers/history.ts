/** HISTORY: the asker's entries, newest first. */
import type { AccountName } from "../../account_name.ts";
import type { Entry } from "../../ledger/entry.ts";
import { answered } from "../../protocol/exchange.ts";
import { historyExchange, type HistoryRow } from "../../protocol/history.ts";
import { memberRoute } from "../route.ts";
import { pageOf } from "./page.ts";

export const historyRoute = memberRoute({
  exchange: historyExchange,
  notation: () => "History",
  async handle({ limit, before }, { name, server: { ledger } }) {
    // One more than asked for, to know whether there is more.
    const query = { limit: limit + 1, ...(before !== undefined && { before }) };
    const rows = (await ledger.history(name, query)).map((entry) => rowFor(name, entry));
    const entries = pageOf(rows, { rowsMax: limit });
    return answered({ entries, more: entries.length < rows.length });
  },
});

function rowFor(name: AccountName, entry: Entry): HistoryRow {
  return {
    entry: entry.number,
    id: entry.id,
    at: new Date(entry.atMs).toISOString(),
    from: entry.payer,
    to: entry.payee,
    amount: entry.amount,
    ...(entry.memo !== undefined && { memo: entry.memo }),
    balance: entry.payer === name ? entry.payerBalance : entry.payeeBalance,
  };
}
