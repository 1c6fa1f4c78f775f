/**
 * Relayed connections between members at two servers of a ledger. Each server leaves the bytes for
 * the other one in the ledger's storage, and looks for those that are for its own members.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import type { PassedMessage, RelayStore } from "../ledger/relay_store.ts";
import { ledgerWatchMs, relayWatchMs } from "../limits.ts";
import { relayedDataType, relayedEndType, relayedType } from "../protocol/relay.ts";
import { RepeatedTask } from "../repeated_task.ts";
import type { JsonObject } from "../strict_json.ts";
import type { FairQueue } from "./fair_queue.ts";
import { type LeftConnection, localEnd, type Relays, type RemoteEnd, remoteEnd } from "./relays.ts";
import type { MemberSessions } from "./session/member_sessions.ts";
import { sealPushes, type Session } from "./session/session.ts";

export interface RelayExchangeOptions {
  /** Absent where the ledger has one server. */
  readonly store: RelayStore | undefined;
  readonly clock: Clock;
  readonly queue: FairQueue;
  readonly relays: Relays;
  readonly serverId: string;
  readonly sessions: MemberSessions;
  /** Called when the storage cannot be read or written. */
  readonly onFailure: (error: unknown) => void;
}

export class RelayExchange {
  readonly #options: RelayExchangeOptions;
  /** Changes of the storage that nobody waits for. */
  readonly #pending = new Set<Promise<void>>();
  readonly #looking: RepeatedTask | undefined;
  #lookedMs = -Infinity;

  /** Starts to look for messages. */
  constructor(options: RelayExchangeOptions) {
    this.#options = options;
    const { store, clock, onFailure } = options;
    if (!store) return;
    const look = () => this.#look(store);
    this.#looking = new RepeatedTask(look, { clock, everyMs: relayWatchMs, onFailure });
  }

  /** Stops looking, and waits until the other servers can read what this one left for them. */
  async stop(): Promise<void> {
    await this.#looking?.stop();
    await Promise.all(this.#pending);
  }

  /**
   * Asks another server for a connection to a member of it.
   *
   * @returns whether that server will find the question. A refusal comes as the connection's end
   */
  async open(
    connection: string,
    other: RemoteEnd,
    opening: { readonly payer: AccountName; readonly payee: AccountName },
  ): Promise<boolean> {
    return await this.#send(connection, other, { opening });
  }

  /**
   * Leaves bytes for the other end. Returns whether they are there: not before the earlier ones of
   * this connection were written to it.
   */
  async pass(connection: string, other: RemoteEnd, data: string): Promise<boolean> {
    return await this.#send(connection, other, { data });
  }

  /** Tells the other end that a connection is over. */
  end({ connection, other }: LeftConnection): void {
    this.#later(async ({ store, serverId: from }) => {
      const { server: to, sent } = other;
      await store.send({ to, from, connection, number: sent + 1, isEnd: true });
    });
  }

  async #send(
    connection: string,
    other: RemoteEnd,
    content: Pick<PassedMessage, "opening" | "data">,
  ): Promise<boolean> {
    const { store, serverId: from } = this.#options;
    if (!store || other.isBusy) return false;
    other.isBusy = true;
    try {
      const [to, number] = [other.server, other.sent + 1];
      const isThere = await store.send({ to, from, connection, number, ...content, isEnd: false });
      if (isThere) other.sent = number;
      return isThere;
    } finally {
      other.isBusy = false;
    }
  }

  /** Looks for messages, but less often while there is no connection with another server. */
  async #look(store: RelayStore): Promise<void> {
    const { clock, relays, serverId } = this.#options;
    const nowMs = clock.monotonicMs();
    if (relays.remoteCount === 0 && nowMs - this.#lookedMs < ledgerWatchMs) return;
    this.#lookedMs = nowMs;
    const messages = await store.receive(serverId, relays.blocked());
    messages.forEach((message) => this.#take(message));
  }

  /** Takes a message for a member here. One that was taken before is only removed. */
  #take(message: PassedMessage): void {
    const { relays } = this.#options;
    const { connection, from, number, opening, data, isEnd } = message;
    if (opening && number === 1) this.#admit(message);
    const ends = relays.endsOf(connection, from);
    if (!ends) return this.#remove(message);
    const { local, remote } = ends;
    const isNew = number > remote.received;
    // The next look finds it again.
    if (isNew && data !== undefined && !relays.takesMore(local.session)) return;
    // A message that was not fetched in time is gone. Without it, the bytes after it are useless.
    const isGap = isNew && number !== remote.received + 1;
    remote.received = Math.max(number, remote.received);
    if (isNew && !isGap && data !== undefined) {
      // No message was fetched for an end that was busy.
      local.isBusy = true;
      const onWritten = () => this.#remove(message, () => local.isBusy = false);
      this.#push(local.session, remote, relayedDataType, { connection, data }, onWritten);
    } else this.#remove(message);
    if (!isEnd && !isGap) return;
    relays.end(connection);
    this.#push(local.session, remote, relayedEndType, { connection });
    if (isGap && !isEnd) this.end({ connection, other: remote });
  }

  /** Opens a connection that another server asks for, or tells that server that it is over. */
  #admit({ connection, from, opening }: PassedMessage): void {
    const { relays, sessions } = this.#options;
    if (relays.has(connection)) return;
    const { payer, payee } = opening!;
    const other = remoteEnd(from, payer);
    const session = sessions.of(payee).find((one) => one.isOnline && one.takesRelay);
    // Counted here, too, so that a member that asks three servers opens no more than by asking one.
    const mayOpen = session !== undefined && relays.mayOpen(payer);
    if (!mayOpen || !relays.open(connection, [other, localEnd(session)])) {
      return this.end({ connection, other });
    }
    this.#push(session, other, relayedType, { connection });
  }

  /** Pushes a message to a member here. Turns of the member at the other server pay for it. */
  #push(
    session: Session,
    { name }: RemoteEnd,
    type: string,
    body: JsonObject,
    whenWritten = () => {},
  ): void {
    const { queue, relays } = this.#options;
    const written = relays.track(session);
    const onWritten = () => {
      written();
      whenWritten();
    };
    session.enqueue({ session, type, body, onWritten });
    sealPushes([session], queue.share(`member ${name}`));
  }

  #remove(message: PassedMessage, whenRemoved = () => {}): void {
    this.#later(({ store }) => store.remove(message).finally(whenRemoved));
  }

  #later(
    change: (options: RelayExchangeOptions & { readonly store: RelayStore }) => Promise<void>,
  ): void {
    const { store, onFailure } = this.#options;
    if (!store) return;
    const pending: Promise<void> = change({ ...this.#options, store })
      .catch((error) => this.#looking?.isStopped || onFailure(error))
      .finally(() => this.#pending.delete(pending)) as Promise<void>;
    this.#pending.add(pending);
  }
}
