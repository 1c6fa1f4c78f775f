/**
 * TCP through the runtime (`Deno.listen`, `Deno.connect`).
 */
import { ClosedError, ConnectError, ListenError, messageOf } from "../errors.ts";
import {
  type ByteStream,
  type Endpoint,
  endpointText,
  type Listener,
  type Network,
} from "./byte_stream.ts";

export const tcpNetwork: Network = {
  listen({ host, port }) {
    try {
      // SO_REUSEADDR is set by the runtime: a restarted server listens at once in spite of connections in TIME_WAIT.
      return new TcpListener(Deno.listen({ hostname: host, port, transport: "tcp" }));
    } catch (cause) {
      throw new ListenError(
        `listen on ${endpointText({ host, port })}: ${listenFault(cause)}`,
        { cause },
      );
    }
  },

  async connect({ host, port }, { signal }) {
    const attempt = `connect to ${endpointText({ host, port })}`;
    if (signal.aborted) throw new ConnectError(`${attempt}: given up`, { cause: signal.reason });
    const connecting = Deno.connect({ hostname: host, port, transport: "tcp" });
    let giveUp!: () => void;
    const gaveUp = new Promise<null>((resolve) => {
      giveUp = () => resolve(null);
      signal.addEventListener("abort", giveUp, { once: true });
    });
    try {
      const connection = await Promise.race([connecting, gaveUp]);
      if (connection) return new TcpStream(connection);
    } catch (cause) {
      throw new ConnectError(`${attempt}: ${messageOf(cause)}`, { cause });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    // The attempt cannot be taken back; what comes of it is let go of.
    connecting.then((connection) => connection.close(), () => {});
    throw new ConnectError(`${attempt}: no answer in time`, { cause: signal.reason });
  },
};

function listenFault(cause: unknown): string {
  if (cause instanceof Deno.errors.AddrInUse) {
    return "the port is taken; choose another, or 0 for any";
  }
  if (cause instanceof Deno.errors.PermissionDenied) return "not allowed; ports below 1024 need it";
  if (cause instanceof Deno.errors.AddrNotAvailable) return "the address is not this machine's";
  return messageOf(cause);
}

class TcpListener implements Listener {
  readonly endpoint: Endpoint;
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.endpoint = { host: listener.addr.hostname, port: listener.addr.port };
  }

  async accept(): Promise<ByteStream | null> {
    try {
      return new TcpStream(await this.#listener.accept());
    } catch (error) {
      if (this.#closed) return null;
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}

class TcpStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #connection: Deno.TcpConn;
  #closed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.local = { host: connection.localAddr.hostname, port: connection.localAddr.port };
    this.remote = { host: connection.remoteAddr.hostname, port: connection.remoteAddr.port };
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
