/** HISTORY: the asker's entries, newest first. */
import type { AccountName } from "../../account_name.ts";
import type { Entry } from "../../ledger/entry.ts";
import { answered, refuse } from "../../protocol/exchange.ts";
import { historyExchange, type HistoryRow } from "../../protocol/history.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";
import { pageOf } from "./page.ts";

export const historyRoute = memberRoute({
  exchange: historyExchange,
  notation: () => "History",
  async handle({ limit, before, after }, { name, server }) {
    if (before !== undefined && after !== undefined) return refuse(410);
    // One more than asked for, to know whether there is more.
    const entries = await server.ledger.history(name, {
      limit: Math.min(limit, entriesPerPageMax) + 1,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    });
    const rows = await Promise.all(entries.map((entry) => rowFor(entry, { name, server })));
    const page = pageOf(rows, { rowsMax: Math.min(limit, entriesPerPageMax) });
    return answered({ entries: page, more: page.length < rows.length });
  },
});

/** A row takes at least 2 KiB, so no more of them fit; more would be signed for nothing. */
const entriesPerPageMax = 16;

async function rowFor(
  entry: Entry,
  { name, server }: { name: AccountName; server: ServerContext },
): Promise<HistoryRow> {
  const { memo, refunds } = entry;
  return {
    entry: entry.number,
    id: entry.id,
    at: new Date(entry.atMs).toISOString(),
    kind: entry.kind,
    from: entry.payer,
    to: entry.payee,
    amount: entry.amount,
    ...(memo !== undefined && { memo }),
    ...(refunds !== undefined && { refunds }),
    balance: entry.payer === name ? entry.payerBalance : entry.payeeBalance,
    order: entry.orderJws,
    receipt: await signReceipt(entry, server),
  };
}
