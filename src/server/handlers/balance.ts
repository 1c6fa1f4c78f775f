/** BALANCE: returns the asker's balance. */
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { balanceRequestType } from "../../protocol/balance.ts";
import { memberRoute } from "../route.ts";

export const balanceRoute = memberRoute({
  requestType: balanceRequestType,
  notation: () => "Balance",
  async handle(_request, { name, server }) {
    const account = await server.ledger.account(name);
    return account ? answerWith({ balance: account.balance }) : refuse(220);
  },
});
