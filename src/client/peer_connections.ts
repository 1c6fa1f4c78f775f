/**
 * The connections of a payer to its payees. Each one is kept for a while, so the next payment to
 * this payee needs no `locate` request, no connection and no greeting.
 */
import type { AccountName } from "../account_name.ts";
import { BoundedMap } from "../bounded_map.ts";
import { ClosedError } from "../errors.ts";
import { peersKeptMax, undialableAddressesMax, undialableKeptMs } from "../limits.ts";
import { isPayeeAway } from "../protocol/code.ts";
import type { Refusal } from "../protocol/request_type.ts";
import { endpointText } from "../transport/byte_stream.ts";
import type { OnlineMember } from "../protocol/list.ts";
import { locateRequestType } from "../protocol/locate.ts";
import type { MemberContext } from "./member_context.ts";
import { dialPeer, type PayeeAnswer, type PeerConnection, relayToPeer } from "./peer_connection.ts";

export interface ReachedPeer {
  readonly name: AccountName;
  /** The one that an order was handed over on last. */
  connection: PeerConnection;
}

/** What became of an order that was handed over, as far as the payee tells it. */
export type HandedOver =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The connection ended, and the payee cannot be reached any more. The server says why not. */
  | { readonly kind: "gone"; readonly refusal: Refusal }
  /** Nothing more is known, or the outcome is known from elsewhere. */
  | { readonly kind: "silence" };

export class PeerConnections {
  readonly #member: MemberContext;
  /** Open connections by payee, the one that was used longest ago first. */
  readonly #kept = new Map<AccountName, PeerConnection>();
  readonly #connecting = new Map<AccountName, Promise<PeerConnection | Refusal>>();
  /** Until when the relay comes before an address, by the monotonic clock. */
  readonly #undialable = new BoundedMap<string, number>(undialableAddressesMax);
  #isClosed = false;

  constructor(member: MemberContext) {
    this.#member = member;
  }

  /**
   * Returns a connection to a payee: the one that is kept, or a new one.
   *
   * @returns the refusal when the payee is unknown, offline, or does not answer; nothing was sent
   * then
   * @throws {UntrustedError} when somebody else answers at its address; nothing was sent then
   * either
   */
  async reach(name: AccountName): Promise<ReachedPeer | Refusal> {
    const kept = this.#kept.get(name);
    if (kept?.isOpen) {
      this.#moveToEnd(name, kept);
      return { name, connection: kept };
    }
    const connection = await (this.#connecting.get(name) ?? this.#connect(name));
    return "outcome" in connection ? connection : { name, connection };
  }

  /**
   * Hands an order to a payee. When the connection ends without a refusal, the same order is sent
   * again over a new one, once. That is harmless: an order is booked at most once.
   *
   * @param options `stop`: the outcome is known from elsewhere
   * @throws as {@link reach}
   */
  async hand(
    jws: string,
    peer: ReachedPeer,
    { stop }: { readonly stop: AbortSignal },
  ): Promise<HandedOver> {
    const first = await this.#handOver(jws, peer, stop);
    if (first) return { kind: "refused", refusal: first };
    if (stop.aborted) return { kind: "silence" };
    const again = await this.reach(peer.name);
    if ("outcome" in again) {
      return isGone(again) ? { kind: "gone", refusal: again } : { kind: "silence" };
    }
    peer.connection = again.connection;
    const second = stop.aborted ? undefined : await this.#handOver(jws, again, stop);
    return second ? { kind: "refused", refusal: second } : { kind: "silence" };
  }

  /** Ends the keeping of a payee's connection. It is closed when no order is under way on it. */
  forget(name: AccountName): void {
    const connection = this.#kept.get(name);
    this.#kept.delete(name);
    if (connection) this.#rest(name, connection);
  }

  /** Closes all connections, also those that are made later. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#kept.values()) connection.close();
  }

  async #handOver(
    jws: string,
    { name, connection }: ReachedPeer,
    stop: AbortSignal,
  ): Promise<PayeeAnswer> {
    const seen = await this.#member.peerCheckpoints.own();
    const answer = await connection.hand(jws, { stop, seen });
    this.#rest(name, connection);
    return answer;
  }

  async #connect(name: AccountName): Promise<PeerConnection | Refusal> {
    const connecting = this.#locateAndConnect(name);
    this.#connecting.set(name, connecting);
    try {
      const connection = await connecting;
      if (!("outcome" in connection)) this.#keep(name, connection);
      return connection;
    } finally {
      this.#connecting.delete(name);
    }
  }

  async #locateAndConnect(name: AccountName): Promise<PeerConnection | Refusal> {
    const located = await this.#member.link.ask(locateRequestType, { name });
    if (located.outcome === "refused") return located;
    return await this.#reachAt(located.answer);
  }

  /**
   * Dials a payee, and asks for the relay when nobody answers there. Where the relay was the only
   * way a short time ago, it comes first.
   */
  async #reachAt(located: OnlineMember): Promise<PeerConnection | Refusal> {
    const member = this.#member;
    if (member.forbidsRelay) return await dialPeer(located, member);
    const address = endpointText({ host: located.ip, port: located.port });
    const nowMs = member.clock.monotonicMs();
    const isUndialable = nowMs < (this.#undialable.get(address) ?? 0);
    const [first, second] = isUndialable ? [relayToPeer, dialPeer] : [dialPeer, relayToPeer];
    const reached = await first(located, member);
    if (!("outcome" in reached)) return reached;
    const otherwise = await second(located, member);
    const isRelayed = !isUndialable && !("outcome" in otherwise);
    if (isRelayed) this.#undialable.set(address, nowMs + undialableKeptMs);
    else this.#undialable.delete(address);
    return otherwise;
  }

  #keep(name: AccountName, connection: PeerConnection): void {
    if (this.#isClosed) {
      connection.close();
      throw new ClosedError(`pay ${name}: this client is ending`);
    }
    this.#kept.set(name, connection);
    connection.ended.then(() => {
      if (this.#kept.get(name) === connection) this.#kept.delete(name);
    });
    if (this.#kept.size > peersKeptMax) this.#longestIdle(connection)?.close();
    this.#rest(name, connection);
  }

  #longestIdle(newest: PeerConnection): PeerConnection | undefined {
    return [...this.#kept.values()].find((one) => one.isIdle && one !== newest);
  }

  /** Notes that a connection was used. When it is idle, it is kept for a while, or closed. */
  #rest(name: AccountName, connection: PeerConnection): void {
    if (!connection.isOpen) return;
    if (this.#kept.get(name) !== connection) {
      if (connection.isIdle) connection.close();
      return;
    }
    this.#moveToEnd(name, connection);
    if (connection.isIdle) connection.rest();
  }

  #moveToEnd(name: AccountName, connection: PeerConnection): void {
    this.#kept.delete(name);
    this.#kept.set(name, connection);
  }
}

/** Returns whether a payee that could not be reached is offline, closed, or does not answer. */
function isGone({ code }: Refusal): boolean {
  return code === 262 || isPayeeAway(code);
}
