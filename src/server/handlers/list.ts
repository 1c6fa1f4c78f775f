/** LIST: returns the asker's balance and a page of the members that are online. */
import { pageRowsMax } from "../../limits.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { listRequestType } from "../../protocol/list.ts";
import { memberRoute } from "../route.ts";
import { memberFromPresence } from "./locate.ts";
import { pageOf } from "./page.ts";

export const listRoute = memberRoute({
  requestType: listRequestType,
  notation: ({ poll }) => poll ? undefined : "List",
  async handle({ after }, { name, session, server: { ledger } }) {
    const account = await ledger.account(name);
    if (!account) return refuse(220);
    // One more than a page, to know whether there are more.
    const query = { limit: pageRowsMax + 1, ...(after !== undefined && { after }) };
    return await session.read(async () => {
      const rows = (await ledger.online(query)).map(memberFromPresence);
      const online = pageOf(rows, { rowsMax: pageRowsMax });
      const more = online.length < rows.length;
      const count = await ledger.onlineCount();
      return answerWith({ balance: account.balance, count, online, more });
    });
  },
});
