/**
 * A listener that is not a micropay server. It sends one text to each peer and keeps all bytes that
 * it receives.
 */
import { within } from "./output_lines.ts";

export class FakeServer implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #says: Uint8Array;
  readonly #served: Promise<void>[] = [];
  readonly #connections: Deno.Conn[] = [];
  readonly #accepting: Promise<void>;
  #received = "";

  constructor(says: string, port = 0) {
    this.#says = new TextEncoder().encode(says);
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** The first line of a real server. */
  static async greetingOf(port: number): Promise<string> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    let line = "";
    const buffer = new Uint8Array(65_536);
    while (!line.endsWith("\n")) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error(`the server on port ${port} greets with "${line}"`);
      line += new TextDecoder().decode(buffer.subarray(0, count));
    }
    return line;
  }

  /** All that came, once everybody who connected has gone. */
  async received(): Promise<string> {
    await within("the client to go", () => this.#received, () => Promise.all(this.#served));
    return this.#received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // It was closed when the client went.
      }
    }
    await Promise.all(this.#served);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.#connections.push(connection);
        this.#served.push(this.#serve(connection));
      }
    } catch {
      // The listener was closed.
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    try {
      await connection.write(this.#says);
      const buffer = new Uint8Array(65_536);
      for (;;) {
        const count = await connection.read(buffer);
        if (count === null) break;
        this.#received += new TextDecoder("latin1").decode(buffer.subarray(0, count));
      }
      connection.close();
    } catch {
      // The client went away in the middle.
    }
  }
}
