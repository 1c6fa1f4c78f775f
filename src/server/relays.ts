/**
 * The relayed connections: pairs of members that exchange bytes which the server cannot read. Each
 * end is a session here, or a member at another server of the ledger. The server holds no bytes of
 * them, except in the send queues of the sessions.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import {
  relayedConnectionsMax,
  relayedMessageEveryMs,
  relayedMessagesAtOnce,
  relayedUnwrittenMax,
  relayEveryMs,
  relaysAtOnce,
} from "../limits.ts";
import { relayedEndType } from "../protocol/relay.ts";
import { TokenBuckets } from "./admission/token_buckets.ts";
import type { Session } from "./session/session.ts";

/** An end at this server. */
export interface LocalEnd {
  readonly session: Session;
  /** Whether bytes for this end are not written yet. No more are taken for it meanwhile. */
  isBusy: boolean;
}

/** An end at another server. */
export interface RemoteEnd {
  readonly server: string;
  /** The member there. */
  readonly name: AccountName;
  /** The number of the last message to it. */
  sent: number;
  /** The number of the last message from it. */
  received: number;
  /** Whether a message to it is under way into the storage. */
  isBusy: boolean;
}

/** One end of a relayed connection. */
export type RelayEnd = LocalEnd | RemoteEnd;

/** A connection of a session that has ended, whose other end is elsewhere. */
export interface LeftConnection {
  readonly connection: string;
  readonly other: RemoteEnd;
}

/** Returns whether an end is at this server. */
export function isLocal(end: RelayEnd): end is LocalEnd {
  return "session" in end;
}

export function localEnd(session: Session): LocalEnd {
  return { session, isBusy: false };
}

export function remoteEnd(server: string, name: AccountName): RemoteEnd {
  return { server, name, sent: 0, received: 0, isBusy: false };
}

export class Relays {
  readonly #connections = new Map<string, readonly [RelayEnd, RelayEnd]>();
  /** The names of each session's connections. */
  readonly #bySession = new Map<Session, Set<string>>();
  /** The names of the connections with an end at another server. */
  readonly #remote = new Set<string>();
  /** How many relayed messages for each session are not written. */
  readonly #unwritten = new Map<Session, number>();
  readonly #openings: TokenBuckets;
  readonly #messages: TokenBuckets;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#openings = new TokenBuckets({ clock, atOnce: relaysAtOnce, everyMs: relayEveryMs });
    this.#messages = new TokenBuckets({
      clock,
      atOnce: relayedMessagesAtOnce,
      everyMs: relayedMessageEveryMs,
    });
  }

  /** How many relayed connections there are. */
  get count(): number {
    return this.#connections.size;
  }

  /** How many of them have an end at another server. */
  get remoteCount(): number {
    return this.#remote.size;
  }

  /** Returns whether a connection of this name exists. */
  has(connection: string): boolean {
    return this.#connections.has(connection);
  }

  /** Returns whether a member may open one more connection. */
  mayOpen(name: AccountName): boolean {
    return this.#openings.take(name);
  }

  /**
   * Opens a relayed connection.
   *
   * @param ends the payer's and the payee's
   * @returns whether it is open: not when a session has too many, or the payee's session takes no
   * more messages
   */
  open(connection: string, ends: readonly [RelayEnd, RelayEnd]): boolean {
    const sessions = ends.filter(isLocal).map(({ session }) => session);
    const hasRoom = sessions.every((session) => this.#of(session).size < relayedConnectionsMax);
    const [, payee] = ends;
    const isReading = !isLocal(payee) || this.takesMore(payee.session);
    if (!hasRoom || !isReading) return false;
    this.#connections.set(connection, ends);
    for (const session of sessions) {
      this.#bySession.set(session, this.#of(session).add(connection));
    }
    if (sessions.length < 2) this.#remote.add(connection);
    return true;
  }

  /** Returns the end that a session's bytes go to; `undefined` when it has no such connection. */
  otherEnd(connection: string, session: Session): RelayEnd | undefined {
    const ends = this.#connections.get(connection);
    const isOwn = (end: RelayEnd) => isLocal(end) && end.session === session;
    return ends?.some(isOwn) ? ends.find((end) => !isOwn(end)) : undefined;
  }

  /** Returns the ends of a connection with another server; `undefined` when there is none. */
  endsOf(
    connection: string,
    server: string,
  ): { readonly local: LocalEnd; readonly remote: RemoteEnd } | undefined {
    const ends: readonly RelayEnd[] = this.#connections.get(connection) ?? [];
    const local = ends.find(isLocal);
    const remote = ends.find((end): end is RemoteEnd => !isLocal(end));
    return local && remote?.server === server ? { local, remote } : undefined;
  }

  /** Returns the connections with another server whose session takes no bytes now. */
  blocked(): string[] {
    return [...this.#remote].filter((connection) => {
      const local = this.#connections.get(connection)!.find(isLocal)!;
      return local.isBusy || !this.takesMore(local.session);
    });
  }

  /**
   * Returns whether a session takes more relayed messages. A slow one does not while many wait, so
   * that its send queue never overflows.
   */
  takesMore(session: Session): boolean {
    return (this.#unwritten.get(session) ?? 0) < relayedUnwrittenMax;
  }

  /** Counts a message for a session. Returns what to call when it is written. */
  track(session: Session): () => void {
    this.#unwritten.set(session, (this.#unwritten.get(session) ?? 0) + 1);
    return () => {
      const left = this.#unwritten.get(session)! - 1;
      if (left > 0) this.#unwritten.set(session, left);
      else this.#unwritten.delete(session);
    };
  }

  /** Returns whether a member may send one more message. */
  maySend(name: AccountName): boolean {
    return this.#messages.take(name);
  }

  /** Forgets a connection. */
  end(connection: string): void {
    for (const end of this.#connections.get(connection) ?? []) {
      if (!isLocal(end)) continue;
      const others = this.#of(end.session);
      others.delete(connection);
      if (others.size === 0) this.#bySession.delete(end.session);
    }
    this.#connections.delete(connection);
    this.#remote.delete(connection);
  }

  /**
   * Ends all connections of a session that is over, and tells their other ends at this server.
   *
   * @returns the connections whose other end has to be told at another server
   */
  leave(session: Session): LeftConnection[] {
    const left: LeftConnection[] = [];
    for (const connection of [...this.#of(session)]) {
      const other = this.otherEnd(connection, session);
      this.end(connection);
      if (!other) continue;
      if (!isLocal(other)) left.push({ connection, other });
      else other.session.push(relayedEndType, { connection }, this.track(other.session));
    }
    return left;
  }

  #of(session: Session): Set<string> {
    return this.#bySession.get(session) ?? new Set();
  }
}
