/** BALANCE: what the asker holds. */
import { answered, refuse } from "../../protocol/exchange.ts";
import { balanceExchange } from "../../protocol/balance.ts";
import { memberRoute } from "../route.ts";

export const balanceRoute = memberRoute({
  exchange: balanceExchange,
  notation: () => "Balance",
  async handle(_request, { name, server }) {
    const account = await server.ledger.account(name);
    return account ? answered({ balance: account.balance }) : refuse(220);
  },
});
