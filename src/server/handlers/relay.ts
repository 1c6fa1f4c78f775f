/** RELAY: opens, uses and ends a relayed connection between two members. */
import { answerWith, refuse } from "../../protocol/request_type.ts";
import {
  relayDataRequestType,
  relayedDataType,
  relayedEndType,
  relayedType,
  relayEndRequestType,
  relayRequestType,
} from "../../protocol/relay.ts";
import { memberRoute } from "../route.ts";

export const relayRoute = memberRoute({
  requestType: relayRequestType,
  notation: ({ name }) => `Relay#${name}`,
  async handle({ name, connection }, { name: payer, push, server, session }) {
    const { ledger, relays, sessions } = server;
    if (name === payer) return refuse(280);
    const isOnline = await ledger.presence(name) !== undefined;
    if (!isOnline) return refuse(await ledger.account(name) ? 263 : 262);
    const payee = sessions.of(name).find((one) => one.isOnline && one.takesRelay);
    if (!payee) return refuse(264, "it takes no relayed connections");
    // The name is random. Only the two ends know it, and a third member cannot take it.
    if (relays.has(connection)) return refuse(410, "the connection exists");
    if (!relays.open(connection, payer, [session, payee])) return refuse(421);
    const onWritten = relays.track(payee);
    push({ session: payee, type: relayedType, body: { connection }, onWritten });
    return answerWith({});
  },
});

export const relayDataRoute = memberRoute({
  requestType: relayDataRequestType,
  notation: ({ data }) => `RelayData#${data.length}`,
  handle({ connection, data }, { name, push, server: { relays }, session }) {
    const other = relays.otherEnd(connection, session);
    if (!other) return Promise.resolve(refuse(400));
    // The sender repeats it. So a member that does not read holds nothing up but its own peers.
    const isBusy = other.isBusy || !relays.takesMore(other.session);
    if (isBusy || !relays.maySend(name)) return Promise.resolve(refuse(421));
    other.isBusy = true;
    const onWritten = relays.track(other.session);
    push({
      session: other.session,
      type: relayedDataType,
      body: { connection, data },
      onWritten: () => {
        other.isBusy = false;
        onWritten();
      },
    });
    return Promise.resolve(answerWith({}));
  },
});

export const relayEndRoute = memberRoute({
  requestType: relayEndRequestType,
  notation: () => "RelayEnd",
  handle({ connection }, { push, server: { relays }, session }) {
    const other = relays.otherEnd(connection, session);
    if (!other) return Promise.resolve(refuse(400));
    relays.end(connection);
    const onWritten = relays.track(other.session);
    push({ session: other.session, type: relayedEndType, body: { connection }, onWritten });
    return Promise.resolve(answerWith({}));
  },
});
