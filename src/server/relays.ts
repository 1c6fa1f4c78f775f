/**
 * The relayed connections: pairs of sessions that exchange bytes which the server cannot read. The
 * server holds no bytes of them, except in the send queues of the sessions.
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

/** One end of a relayed connection. */
export interface RelayEnd {
  readonly session: Session;
  /** Whether bytes for this end are not written yet. No more are taken for it meanwhile. */
  isBusy: boolean;
}

export class Relays {
  readonly #connections = new Map<string, readonly [RelayEnd, RelayEnd]>();
  /** The names of each session's connections. */
  readonly #bySession = new Map<Session, Set<string>>();
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

  /** Returns whether a connection of this name exists. */
  has(connection: string): boolean {
    return this.#connections.has(connection);
  }

  /**
   * Opens a relayed connection between two sessions.
   *
   * @param name the member that asks for it
   * @returns whether it is open: not when a side has too many, the payee's session takes no more
   * messages, or the member opens them too fast
   */
  open(connection: string, name: AccountName, ends: readonly [Session, Session]): boolean {
    const hasRoom = ends.every((end) => this.#of(end).size < relayedConnectionsMax);
    if (!hasRoom || !this.takesMore(ends[1]) || !this.#openings.take(name)) return false;
    const [payer, payee] = ends.map((session) => ({ session, isBusy: false }));
    this.#connections.set(connection, [payer!, payee!]);
    for (const end of ends) this.#bySession.set(end, this.#of(end).add(connection));
    return true;
  }

  /** Returns the end that a session's bytes go to; `undefined` when it has no such connection. */
  otherEnd(connection: string, session: Session): RelayEnd | undefined {
    const ends = this.#connections.get(connection);
    if (!ends?.some((end) => end.session === session)) return undefined;
    return ends.find((end) => end.session !== session);
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
    for (const { session } of this.#connections.get(connection) ?? []) {
      const others = this.#of(session);
      others.delete(connection);
      if (others.size === 0) this.#bySession.delete(session);
    }
    this.#connections.delete(connection);
  }

  /** Ends all connections of a session that is over, and tells their other ends. */
  leave(session: Session): void {
    for (const connection of [...this.#of(session)]) {
      const other = this.otherEnd(connection, session);
      this.end(connection);
      other?.session.push(relayedEndType, { connection }, this.track(other.session));
    }
  }

  #of(session: Session): Set<string> {
    return this.#bySession.get(session) ?? new Set();
  }
}
