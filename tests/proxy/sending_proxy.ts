/**
 * A proxy on loopback that sends a PROXY header to the server before the bytes of each client.
 */

export class SendingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  /** @param header what it sends first on each connection */
  constructor(serverPort: number, header: Uint8Array) {
    this.port = this.#listener.addr.port;
    this.#serving = this.#serve(serverPort, header);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#serving;
  }

  async #serve(port: number, header: Uint8Array): Promise<void> {
    const pumps: Promise<void>[] = [];
    try {
      for await (const client of this.#listener) {
        const server = await Deno.connect({ hostname: "127.0.0.1", port });
        this.#connections.add(client).add(server);
        await server.write(header);
        pumps.push(pump(client, server), pump(server, client));
      }
    } catch {
      // The listener was closed.
    }
    await Promise.all(pumps);
  }
}

/** Copies bytes until one side closes, and then closes both. */
async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  await from.readable.pipeTo(to.writable).catch(() => {});
  for (const connection of [from, to]) close(connection);
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
