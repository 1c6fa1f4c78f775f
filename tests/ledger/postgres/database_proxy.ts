/** A proxy between a ledger and its database that can stop or cut the traffic. */

export class DatabaseProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #databasePort: number;
  readonly #connections = new Set<Deno.Conn>();
  readonly #pumps: Promise<void>[] = [];
  /**
   * Connections to the database whose answers are lost. Each function returns whether an answer is
   * the last one.
   */
  readonly #unanswered = new Map<Deno.Conn, (answer: string) => boolean>();
  #gate = Promise.resolve();
  #open = () => {};
  #isRefusing = false;
  #watch: { readonly text: string; readonly isPassed: boolean } | undefined;
  #seen = Promise.withResolvers<void>();

  constructor(databasePort: number) {
    this.#databasePort = databasePort;
    this.port = this.#listener.addr.port;
    this.#pumps.push(this.#accept());
  }

  /** Passes nothing on until {@link release}, in both directions. */
  hold(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
  }

  release(): void {
    this.#open();
  }

  /** Ends all connections and refuses new ones until {@link restore}. */
  cut(): void {
    this.refuse();
    for (const connection of this.#connections) close(connection);
  }

  restore(): void {
    this.#isRefusing = false;
  }

  /** Refuses new connections until {@link restore}. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /**
   * Cuts a connection once when the ledger sends this command. With `isPassed` the database still
   * executes it, and the answer is lost. Without, the command is lost.
   *
   * @returns when that has happened
   */
  cutAt(text: string, { isPassed }: { readonly isPassed: boolean }): Promise<void> {
    this.#watch = { text, isPassed };
    this.#seen = Promise.withResolvers<void>();
    return this.#seen.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    close(this.#listener);
    for (const connection of this.#connections) close(connection);
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    try {
      for await (const ledger of this.#listener) {
        if (this.#isRefusing) {
          close(ledger);
          continue;
        }
        const database = await Deno.connect({ hostname: "127.0.0.1", port: this.#databasePort });
        this.#connections.add(ledger).add(database);
        this.#pumps.push(this.#pump(ledger, database, true), this.#pump(database, ledger, false));
      }
    } catch {
      // The listener was closed, or the database is down.
      if (!this.#isRefusing) return;
    }
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, isRequest: boolean): Promise<void> {
    const bytes = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const length = await from.read(bytes);
        if (length === null) break;
        await this.#gate;
        const chunk = bytes.slice(0, length);
        const isExecuted = this.#unanswered.get(from);
        if (isExecuted !== undefined) {
          if (isExecuted(latin1.decode(chunk))) break;
          continue;
        }
        const watch = this.#watch;
        const isWatched = isRequest && watch !== undefined &&
          latin1.decode(chunk).includes(watch.text);
        if (!isWatched) {
          await writeAll(to, chunk);
          continue;
        }
        this.#watch = undefined;
        if (!watch.isPassed) {
          this.#seen.resolve();
          break;
        }
        // Its answers are read to the last one: it undoes a transaction when it cannot send them.
        this.#unanswered.set(to, (answer) => {
          const isLast = answer.includes(`${watch.text}\0`);
          if (isLast) this.#seen.resolve();
          return isLast;
        });
        close(from);
        await writeAll(to, chunk);
        return;
      }
    } catch {
      // One side is gone.
    }
    close(from);
    close(to);
  }
}

const latin1 = new TextDecoder("latin1");

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function close(resource: Deno.Conn | Deno.Listener): void {
  try {
    resource.close();
  } catch {
    // It is closed.
  }
}
