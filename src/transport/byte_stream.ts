/** Byte streams, listeners and networks. TCP implements them, and so do the tests' networks. */
import { parseAddress } from "../pki/host.ts";

/** The address of one end of a connection. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /**
   * Reads received bytes into the buffer, at least one.
   *
   * @returns the number of bytes, or `null` when a side closed the connection or it broke
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /**
   * Writes all bytes. Resolves when the system has taken them.
   *
   * @throws {ClosedError} when the connection closes first
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes both directions at once. A second call does nothing. */
  close(): void;
}

/** Accepts connections on one endpoint. */
export interface Listener {
  /** Where it listens. For port 0, this is the port that the system chose. */
  readonly endpoint: Endpoint;
  /** Returns the next connection, or `null` when the listener is closed. */
  accept(): Promise<ByteStream | null>;
  /** Stops accepting. Accepted connections stay open. A second call does nothing. */
  close(): void;
}

export interface Network {
  /**
   * Listens on an endpoint.
   *
   * @throws {ListenError} when the port is taken or not allowed, or the address is not this
   * machine's
   */
  listen(endpoint: Endpoint): Listener;
  /**
   * Connects to an endpoint.
   *
   * @param options.signal ends the attempt
   * @throws {ConnectError} when the attempt fails, or `signal` ends it first
   */
  connect(endpoint: Endpoint, options: { signal: AbortSignal }): Promise<ByteStream>;
}

/**
 * Returns an endpoint as text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(endpointText({ host: "127.0.0.1", port: 8888 }), "127.0.0.1:8888");
 * assertEquals(endpointText({ host: "::1", port: 8888 }), "[::1]:8888");
 * ```
 */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads what {@link endpointText} writes. The host is normalized. An IPv6 address may have a zone.
 *
 * @returns `undefined` for any other text
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, hostText = "", port] = /^(\[[^\]]*\]|[^:]+):([1-9][0-9]{0,4})$/.exec(text) ?? [];
  const host = parseAddress(hostText);
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}
