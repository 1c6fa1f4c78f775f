/** LOCATE: returns the address on which a member takes payments. */
import type { Presence } from "../../ledger/ledger.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import type { OnlineMember } from "../../protocol/list.ts";
import { locateRequestType } from "../../protocol/locate.ts";
import { memberRoute } from "../route.ts";

export const locateRoute = memberRoute({
  requestType: locateRequestType,
  notation: ({ name }) => `Locate#${name}`,
  async handle({ name }, { server: { ledger } }) {
    const presence = await ledger.presence(name);
    if (presence) return answerWith(memberFromPresence(presence));
    return refuse(await ledger.account(name) ? 263 : 262);
  },
});

/** Returns a member's presence as other members see it. */
export function memberFromPresence({ name, host, privatePort }: Presence): OnlineMember {
  return { name, ip: host, port: privatePort };
}
