/**
 * A proxy between clients and the server. On command, it cuts all connections, even in the middle
 * of a message.
 */

export class CuttingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serverPort: number;
  readonly #connections = new Set<Deno.Conn>();
  readonly #ended: Promise<void>;

  constructor(serverPort: number) {
    this.#serverPort = serverPort;
    this.port = this.#listener.addr.port;
    this.#ended = this.#accept();
  }

  /** How many connections go through. */
  get open(): number {
    return this.#connections.size / 2;
  }

  cut(): void {
    for (const connection of this.#connections) this.#close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await this.#ended;
  }

  async #accept(): Promise<void> {
    const joined = new Set<Promise<void>>();
    try {
      for await (const client of this.#listener) {
        const one = this.#join(client).finally(() => joined.delete(one));
        joined.add(one);
      }
    } finally {
      await Promise.all(joined);
    }
  }

  async #join(client: Deno.Conn): Promise<void> {
    let server: Deno.Conn;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
    } catch {
      client.close(); // There is no server at the moment.
      return;
    }
    this.#connections.add(client).add(server);
    await Promise.all([this.#pump(client, server), this.#pump(server, client)]);
  }

  /** Until one of the two ends; the other one ends with it. */
  async #pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    await from.readable.pipeTo(to.writable).catch(() => {});
    this.#close(from);
    this.#close(to);
  }

  #close(connection: Deno.Conn): void {
    this.#connections.delete(connection);
    try {
      connection.close();
    } catch {
      // It was closed already.
    }
  }
}
