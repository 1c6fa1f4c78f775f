/** HISTORY: returns the asker's entries with their receipts, newest first. */
import { historyPageEntriesMax } from "../../limits.ts";
import type { AccountName } from "../../account_name.ts";
import type { Entry } from "../../ledger/entry.ts";
import { yieldToEventLoop } from "../../yield_to_event_loop.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { historyRequestType, type HistoryRow } from "../../protocol/history.ts";
import { requireOrderText } from "../../protocol/order.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";
import { pageOf } from "./page.ts";

export const historyRoute = memberRoute({
  requestType: historyRequestType,
  notation: () => "History",
  async handle({ limit, before, after }, { name, server, session }) {
    if (before !== undefined && after !== undefined) {
      return refuse(410, "a history is asked for before an entry or after one, not both");
    }
    const rowsMax = Math.min(limit, historyPageEntriesMax);
    const query = {
      // One more than a page, to know whether there are more.
      limit: rowsMax + 1,
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    };
    return await session.inTurn(async () => {
      const entries = await server.ledger.history(name, query);
      const rows = entries.slice(0, rowsMax).map((entry) => rowFor(entry, { name, server }));
      const page = pageOf(rows, { rowsMax });
      // Signing a whole page takes 0.5 ms of the only thread.
      await yieldToEventLoop();
      return answerWith({ entries: page, more: page.length < entries.length });
    });
  },
});

function rowFor(
  entry: Entry,
  { name, server }: { name: AccountName; server: ServerContext },
): HistoryRow {
  const { memo, refunds } = entry;
  return {
    entry: entry.number,
    id: entry.id,
    at: new Date(entry.atMs).toISOString(),
    kind: entry.kind,
    payer: entry.payer,
    payee: entry.payee,
    amount: entry.amount,
    ...(memo !== undefined && { memo }),
    ...(refunds !== undefined && { refunds }),
    balance: entry.payer === name ? entry.payerBalance : entry.payeeBalance,
    order: requireOrderText(entry, { ledgerId: server.anchor.fingerprint }),
    receipt: signReceipt(entry, server).text,
  };
}
