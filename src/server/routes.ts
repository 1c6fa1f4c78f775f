/** Every request the server answers. */
import { balanceRoute } from "./handlers/balance.ts";
import { certificatesRoute } from "./handlers/certificates.ts";
import { checkpointRoute, cosignRoute } from "./handlers/checkpoint.ts";
import { exitRoute } from "./handlers/exit.ts";
import { historyRoute } from "./handlers/history.ts";
import { listRoute } from "./handlers/list.ts";
import { locateRoute } from "./handlers/locate.ts";
import { loginRoute } from "./handlers/login.ts";
import { proofRoute } from "./handlers/proof.ts";
import { registerRoute } from "./handlers/register.ts";
import { relayDataRoute, relayEndRoute, relayRoute } from "./handlers/relay.ts";
import { statusRoute } from "./handlers/status.ts";
import { submitRoute } from "./handlers/submit.ts";
import type { Route } from "./route.ts";

export const routes: ReadonlyMap<string, Route> = new Map(
  [
    registerRoute,
    loginRoute,
    listRoute,
    locateRoute,
    relayRoute,
    relayDataRoute,
    relayEndRoute,
    balanceRoute,
    submitRoute,
    statusRoute,
    historyRoute,
    certificatesRoute,
    proofRoute,
    checkpointRoute,
    cosignRoute,
    exitRoute,
  ].map((route) => [route.requestType.type, route]),
);
