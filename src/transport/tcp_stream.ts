/**
 * A TCP connection of the runtime as a stream of bytes.
 */
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
      // Lines are whole when they are written: waiting for more to send only delays them.
      connection.setNoDelay(true);
      // A peer whose machine lost power is noticed by the system some time, and never by silence alone.
      connection.setKeepAlive(true);
    } catch {
      // Some systems refuse it for a connection that was reset already; whoever reads from it finds that out.
    }
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    try {
      return await this.#connection.read(buffer);
    } catch {
      // Reset, broken or closed by us: in any case nothing more will come.
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
      // Already closed underneath by an error.
    }
  }
}

/** A listener for both families sees `::ffff:192.0.2.1` where the other side is 192.0.2.1. */
function endpointOf({ hostname, port }: Deno.NetAddr): Endpoint {
  return { host: hostname.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, ""), port };
}
