/**
 * The connections of a payer to its payees. Each one is kept for a while, so the next payment to
 * this payee needs no `locate` request, no connection and no greeting.
 */
import type { AccountName } from "../account_name.ts";
import { ClosedError } from "../errors.ts";
import { peersKeptMax } from "../limits.ts";
import type { Refusal } from "../protocol/request_type.ts";
import { locateRequestType } from "../protocol/locate.ts";
import type { MemberContext } from "./member_context.ts";
import { connectToPeer, type PayeeAnswer, type PeerConnection } from "./peer_connection.ts";

export interface ReachedPeer {
  readonly name: AccountName;
  readonly connection: PeerConnection;
  /** Whether the connection is from an earlier payment, so that its payee may be gone. */
  readonly isReused: boolean;
}

export class PeerConnections {
  readonly #member: MemberContext;
  /** Open connections by payee, the one that was used longest ago first. */
  readonly #kept = new Map<AccountName, PeerConnection>();
  readonly #connecting = new Map<AccountName, Promise<PeerConnection | Refusal>>();
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
      return { name, connection: kept, isReused: true };
    }
    const connection = await (this.#connecting.get(name) ?? this.#connect(name));
    return "outcome" in connection ? connection : { name, connection, isReused: false };
  }

  /**
   * Hands an order to a payee. When the connection turns out to be closed, the same order is sent
   * again over a new one. That is harmless: an order is booked at most once.
   *
   * @param options `stop`: the outcome is known from elsewhere
   * @returns the payee's refusal, or `undefined` when a new connection ended without one
   * @throws as {@link reach}
   */
  async hand(
    jws: string,
    { name, connection, isReused }: ReachedPeer,
    { stop }: { readonly stop: AbortSignal },
  ): Promise<PayeeAnswer> {
    const mayBeGone = isReused || !connection.isOpen;
    const answer = await this.#handOver(jws, { name, connection }, stop);
    if (answer !== undefined || !mayBeGone || connection.isOpen || stop.aborted) return answer;
    const peer = await this.reach(name);
    if ("outcome" in peer || stop.aborted) return undefined;
    return await this.#handOver(jws, peer, stop);
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
    { name, connection }: Pick<ReachedPeer, "name" | "connection">,
    stop: AbortSignal,
  ): Promise<PayeeAnswer> {
    const answer = await connection.hand(jws, { stop });
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
    return await connectToPeer(located.answer, this.#member);
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
