import { freePortTriesMax } from "../limits.ts";
import { ListenError, messageOf } from "../errors.ts";
import { type ByteStream, type Endpoint, endpointText, type Listener } from "./byte_stream.ts";
import { JoinedListener } from "./joined_listener.ts";
import { TcpStream } from "./tcp_stream.ts";

const allOfBoth = "::";
const allOfIpv4 = "0.0.0.0";

/**
 * Listens for TCP connections.
 *
 * @param endpoint the host `::` means all addresses of both families, on one port
 * @throws {ListenError} when the port is taken or not allowed, or the address is not this machine's
 */
export function listenTcp({ host, port }: Endpoint): Listener {
  try {
    return host === allOfBoth ? listenOnAll(port) : new TcpListener(bind(host, port));
  } catch (cause) {
    const fault = listenFault(cause);
    throw new ListenError(`listen on ${endpointText({ host, port })}: ${fault}`, { cause });
  }
}

function bind(hostname: string, port: number): Deno.TcpListener {
  // The runtime sets SO_REUSEADDR, so a restarted server can listen despite connections in
  // TIME_WAIT.
  return Deno.listen({ hostname, port, transport: "tcp" });
}

function listenOnAll(port: number): Listener {
  if (!hasIpv6()) return new TcpListener(bind(allOfIpv4, port));
  if (takesBoth()) return new TcpListener(bind(allOfBoth, port));
  for (let tries = 1;; tries++) {
    const ipv6 = bind(allOfBoth, port);
    try {
      const ipv4 = bind(allOfIpv4, ipv6.addr.port);
      return new JoinedListener([new TcpListener(ipv6), new TcpListener(ipv4)]);
    } catch (error) {
      ipv6.close();
      if (port !== 0 || tries === freePortTriesMax || !isTaken(error)) throw error;
    }
  }
}

/** Returns whether the system has IPv6. Without it, no IPv6 address can be bound. */
function hasIpv6(): boolean {
  try {
    bind(allOfBoth, 0).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns whether an IPv6 socket also accepts IPv4. The system decides: Linux and macOS do by
 * default (`net.ipv6.bindv6only`), other systems never do.
 */
function takesBoth(): boolean {
  const ipv6 = bind(allOfBoth, 0);
  try {
    bind(allOfIpv4, ipv6.addr.port).close();
    return false;
  } catch {
    return true;
  } finally {
    ipv6.close();
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AddrInUse;
}

function listenFault(cause: unknown): string {
  if (isTaken(cause)) {
    return "the port is taken; choose another, or 0 for any";
  }
  if (cause instanceof Deno.errors.PermissionDenied) return "not allowed; ports below 1024 need it";
  if (cause instanceof Deno.errors.AddrNotAvailable) return "the address is not this machine's";
  const reason = messageOf(cause);
  // The runtime has no class for this error.
  return reason.startsWith("failed to lookup address information")
    ? "this machine finds no address for that name"
    : reason;
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
