/** STATUS: what became of an order, told to its two sides only. */
import { answered, refuse } from "../../protocol/exchange.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { statusExchange } from "../../protocol/status.ts";
import { memberRoute } from "../route.ts";

export const statusRoute = memberRoute({
  exchange: statusExchange,
  notation: ({ id }) => `Status#${id}`,
  async handle({ id }, { name, server }) {
    const entry = await server.ledger.entry(id);
    // Whether other people's payments exist is none of the asker's business.
    if (!entry || (entry.payer !== name && entry.payee !== name)) {
      server.unknownOrders.tell(id, { nowMs: server.clock.nowMs() });
      return refuse(400);
    }
    return answered({ receipt: await signReceipt(entry, server) });
  },
});
