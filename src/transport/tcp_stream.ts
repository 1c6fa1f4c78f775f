/** A TCP connection of the runtime as a byte stream. */
import { ClosedError } from "../errors.ts";
import { type ByteStream, type Endpoint, endpointText } from "./byte_stream.ts";

export class TcpStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #connection: Deno.TcpConn;
  #closed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.local = endpointOf(connection.localAddr);
    this.remote = endpointOf(connection.remoteAddr);
    try {
      // Lines are written whole, so Nagle's algorithm would only delay them.
      connection.setNoDelay(true);
      // Keep-alive notices a peer that lost power. Silence alone does not.
      connection.setKeepAlive(true);
    } catch {
      // Some systems refuse this on a connection that was already reset. The next read reports the
      // reset.
    }
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    try {
      return await this.#connection.read(buffer);
    } catch {
      // Reset, broken or closed by this side: nothing more will arrive.
      this.close();
      return null;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let rest = bytes; rest.length > 0;) {
        rest = rest.subarray(await this.#connection.write(rest));
      }
    } catch (cause) {
      this.close();
      const to = endpointText(this.remote);
      throw new ClosedError(`write to ${to}: the connection is closed`, { cause });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch {
      // An error closed it already.
    }
  }
}

/** Returns an endpoint. A listener for both families sees 192.0.2.1 as `::ffff:192.0.2.1`. */
function endpointOf({ hostname, port }: Deno.NetAddr): Endpoint {
  return { host: hostname.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, ""), port };
}
