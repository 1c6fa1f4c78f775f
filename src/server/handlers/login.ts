/** LOGIN: takes a member online. It replaces an online connection that gives no sign of life. */
import type { AccountName } from "../../account_name.ts";
import { parseHost } from "../../pki/host.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { loginRequestType } from "../../protocol/login.ts";
import type { Endpoint } from "../../transport/byte_stream.ts";
import { askOtherServer } from "../attendance.ts";
import { memberRoute } from "../route.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session/session.ts";

export const loginRoute = memberRoute({
  requestType: loginRequestType,
  notation: ({ name, port }) => `${name}#${port}`,
  async handle({ name, port, host, relay }, { name: speaker, server, session }) {
    // The person typed the name. The signature proves who it is.
    if (name !== speaker) return refuse(220);
    const { remote } = session.channel;
    const presence = {
      name,
      host: host ?? addressOf(remote),
      publicPort: remote.port,
      privatePort: port,
      server: server.serverId,
    };
    const bringOnline = () => session.commit(() => server.ledger.bringOnline(presence));
    let { outcome } = await bringOnline();
    if (outcome === "already_online" && await makeRoom(session, { name, server })) {
      ({ outcome } = await bringOnline());
    }
    switch (outcome) {
      case "online":
        session.presence = presence;
        session.takesRelay = relay === true;
        server.report({ kind: "online", name, address: { host: presence.host, port } });
        return answerWith({ ip: presence.host, port });
      case "already_online":
        return refuse(230);
      case "account_unknown":
        return refuse(220);
    }
  },
});

/** @returns whether the account's online connection gave way */
async function makeRoom(
  session: Session,
  { name, server }: { name: AccountName; server: ServerContext },
): Promise<boolean> {
  const online = server.sessions.of(name).find(({ isOnline }) => isOnline);
  if (online === session) return false;
  return await (online?.giveWay() ?? askOtherServer(name, { ...server, session }));
}

/** Returns an address in the spelling that the whole program uses. */
function addressOf({ host }: Endpoint): string {
  return parseHost(host)?.value ?? host;
}
