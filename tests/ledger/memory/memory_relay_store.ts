/** The relayed messages of a ledger in memory that several servers of a test share. */
import type { PassedMessage, RelayStore } from "../../../src/ledger/relay_store.ts";
import { relayedBacklogMax, relayedKeptMsMax, relayedReadAtOnce } from "../../../src/limits.ts";

export class MemoryRelayStore implements RelayStore {
  readonly #messages = new Map<string, PassedMessage & { readonly sentMs: number }>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  send(message: PassedMessage): Promise<boolean> {
    const { to, connection, number, isEnd } = message;
    const key = `${to} ${connection}`;
    const there = this.#messages.get(key);
    const sentMs = this.#nowMs();
    if (isEnd) {
      this.#messages.set(key, { ...there ?? { ...message, sentMs }, isEnd });
      return Promise.resolve(true);
    }
    if (there) return Promise.resolve(there.number === number);
    const waiting = [...this.#messages.values()].filter((one) => one.to === to).length;
    if (waiting >= relayedBacklogMax) return Promise.resolve(false);
    this.#messages.set(key, { ...message, sentMs });
    return Promise.resolve(true);
  }

  receive(server: string, except: readonly string[]): Promise<PassedMessage[]> {
    const found = [...this.#messages.values()]
      .filter(({ to, connection }) => to === server && !except.includes(connection));
    return Promise.resolve(
      found.slice(0, relayedReadAtOnce).map(({ sentMs: _, ...message }) => message),
    );
  }

  remove({ to, connection, number, isEnd }: PassedMessage): Promise<void> {
    const there = this.#messages.get(`${to} ${connection}`);
    if (there?.number === number && there.isEnd === isEnd) {
      this.#messages.delete(`${to} ${connection}`);
    }
    return Promise.resolve();
  }

  /** Deletes the messages for servers that are not there any more, and those that are old. */
  forget(servers: ReadonlySet<string>): void {
    for (const [key, { to, sentMs }] of this.#messages) {
      const isOld = this.#nowMs() - sentMs > relayedKeptMsMax;
      if (isOld || !servers.has(to)) this.#messages.delete(key);
    }
  }
}
