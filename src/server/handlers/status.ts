/** STATUS: what became of an order, told to its two sides only; and where the asker wants it, nothing will. */
import type { Entry } from "../../ledger/entry.ts";
import type { Voiding } from "../../ledger/ledger.ts";
import { answered, refuse } from "../../protocol/exchange.ts";
import { signReceipt } from "../../protocol/receipt.ts";
import { statusExchange } from "../../protocol/status.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";

export const statusRoute = memberRoute({
  exchange: statusExchange,
  notation: ({ id }) => `Status#${id}`,
  async handle({ id, void: digest }, { name, server }) {
    const entry = await server.ledger.entry(id) ??
      (digest === undefined ? undefined : await voidOrder({ id, digest, by: name }, server));
    // Whether other people's payments exist is none of the asker's business.
    if (!entry || (entry.payer !== name && entry.payee !== name)) return refuse(400);
    return answered({ receipt: await signReceipt(entry, server) });
  },
});

/**
 * Whoever can name an order by its digest has it, so it is one of its two sides; and either of them may see to it that it comes to nothing.
 *
 * @returns the entry, when it was booked in the meantime
 */
async function voidOrder(
  order: Pick<Voiding, "id" | "digest" | "by">,
  { ledger, clock }: ServerContext,
): Promise<Entry | undefined> {
  const result = await ledger.voidOrder({ ...order, code: 265, atMs: clock.nowMs() });
  return result.outcome === "booked" ? result.entry : undefined;
}
