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
import { isLocal, localEnd, remoteEnd } from "../relays.ts";
import { memberRoute } from "../route.ts";

export const relayRoute = memberRoute({
  requestType: relayRequestType,
  notation: ({ name }) => `Relay#${name}`,
  async handle({ name: payee, connection }, { name: payer, push, server, session }) {
    const { exchange, ledger, relays, serverId, sessions } = server;
    if (payee === payer) return refuse(280);
    const presence = await ledger.presence(payee);
    if (!presence) return refuse(await ledger.account(payee) ? 263 : 262);
    const local = sessions.of(payee).find((one) => one.isOnline && one.takesRelay);
    const isElsewhere = ledger.relayStore() !== undefined && presence.server !== serverId;
    if (!local && !isElsewhere) return refuse(264, "it takes no relayed connections");
    // The name is random. Only the two ends know it, and a third member cannot take it.
    if (relays.has(connection)) return refuse(410, "the connection exists");
    const other = isElsewhere ? remoteEnd(presence.server, payee) : localEnd(local!);
    const ends = [localEnd(session), other] as const;
    if (!relays.mayOpen(payer) || !relays.open(connection, ends)) return refuse(421);
    if (isLocal(other)) {
      const onWritten = relays.track(other.session);
      push({ session: other.session, type: relayedType, body: { connection }, onWritten });
      return answerWith({});
    }
    let isAsked = false;
    try {
      isAsked = await session.commit(() => exchange.open(connection, other, { payer, payee }));
    } finally {
      if (!isAsked) relays.end(connection);
    }
    return isAsked ? answerWith({}) : refuse(421);
  },
});

export const relayDataRoute = memberRoute({
  requestType: relayDataRequestType,
  notation: ({ data }) => `RelayData#${data.length}`,
  async handle({ connection, data }, { name, push, server, session }) {
    const { exchange, relays } = server;
    const other = relays.otherEnd(connection, session);
    if (!other) return refuse(400);
    // The sender repeats it. So a member that does not read holds nothing up but its own peers.
    const isFull = isLocal(other) && !relays.takesMore(other.session);
    if (other.isBusy || isFull || !relays.maySend(name)) return refuse(421);
    if (!isLocal(other)) {
      const isPassed = await session.commit(() => exchange.pass(connection, other, data));
      return isPassed ? answerWith({}) : refuse(421);
    }
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
    return answerWith({});
  },
});

export const relayEndRoute = memberRoute({
  requestType: relayEndRequestType,
  notation: () => "RelayEnd",
  handle({ connection }, { push, server: { exchange, relays }, session }) {
    const other = relays.otherEnd(connection, session);
    if (!other) return Promise.resolve(refuse(400));
    relays.end(connection);
    if (isLocal(other)) {
      const onWritten = relays.track(other.session);
      push({ session: other.session, type: relayedEndType, body: { connection }, onWritten });
    } else exchange.end({ connection, other });
    return Promise.resolve(answerWith({}));
  },
});
