/**
 * Connections of bytes, as far as the layers above need them. TCP is one kind; tests and simulations bring their own.
 */

/** One end of a connection. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /**
   * Reads what has arrived, at least one byte, into the buffer.
   *
   * @returns how many bytes, or `null` when nothing more will come: the other side closed, the connection broke, or this side
   * closed it while the read was waiting. What was cut off is told by the framing, not here.
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /**
   * Writes all bytes; returns when the system has taken them.
   *
   * @throws {ClosedError} when the connection is closed before it has
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes at once in both directions. Harmless the second time. */
  close(): void;
}

export interface Listener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly endpoint: Endpoint;
  /** @returns the next connection, or `null` when the listener was closed */
  accept(): Promise<ByteStream | null>;
  /** Stops accepting. What was accepted stays. Harmless the second time. */
  close(): void;
}

export interface Network {
  /** @throws {ListenError} when the port is taken or not allowed, or the address is not this machine's */
  listen(endpoint: Endpoint): Listener;
  /**
   * @param signal gives up
   * @throws {ConnectError} when nobody answers there, or `signal` gave up first
   */
  connect(endpoint: Endpoint, options: { signal: AbortSignal }): Promise<ByteStream>;
}

/** `127.0.0.1:8888`, `[::1]:8888` */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
