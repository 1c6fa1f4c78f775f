/** LOGIN: takes a member online. */
import { parseHost } from "../../pki/host.ts";
import { answerWith, refuse } from "../../protocol/request_type.ts";
import { loginRequestType } from "../../protocol/login.ts";
import type { Endpoint } from "../../transport/byte_stream.ts";
import { memberRoute } from "../route.ts";

export const loginRoute = memberRoute({
  requestType: loginRequestType,
  notation: ({ name, port }) => `${name}#${port}`,
  async handle({ name, port, host }, { name: speaker, server, session }) {
    // The person typed the name. The signature proves who it is.
    if (name !== speaker) return refuse(220);
    const { remote } = session.channel;
    const presence = {
      name,
      host: host ?? addressOf(remote),
      publicPort: remote.port,
      privatePort: port,
    };
    const { outcome } = await session.commit(() => server.ledger.bringOnline(presence));
    switch (outcome) {
      case "online":
        session.isOnline = true;
        server.report({ kind: "online", name, address: { host: presence.host, port } });
        return answerWith({ ip: presence.host, port });
      case "already_online":
        return refuse(230);
      case "account_unknown":
        return refuse(220);
    }
  },
});

/** Returns an address in the spelling that the whole program uses. */
function addressOf({ host }: Endpoint): string {
  return parseHost(host)?.value ?? host;
}
