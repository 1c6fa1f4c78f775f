/**
 * Connections that come through a proxy. The address in their PROXY header takes the place of the
 * proxy's. Only configured addresses are proxies: everybody else could claim any address.
 */
import type { Clock } from "../clock.ts";
import { proxyHeaderBytesMax, proxyHeadersAwaitedMax, proxyHeaderTimeoutMs } from "../limits.ts";
import { type AddressRange, isInRange } from "./address_range.ts";
import type { ByteStream, Endpoint } from "./byte_stream.ts";
import { Deadline } from "./deadline.ts";
import { readProxyHeader } from "./proxy_header.ts";

export interface ProxiedStreamsOptions {
  /** The addresses of the proxies. */
  readonly from: readonly AddressRange[];
  readonly clock: Clock;
  readonly onStream: (stream: ByteStream) => void;
  /** Called for a connection that the proxy makes for itself, such as a health check. */
  readonly onOwnStream: (stream: ByteStream) => void;
  /** Called when a proxy's connection is closed, because it begins with no good header. */
  readonly onRefused: (refused: { readonly remote: Endpoint; readonly reason: string }) => void;
}

export class ProxiedStreams {
  readonly #options: ProxiedStreamsOptions;
  /** Connections whose header has not arrived, the oldest first. */
  readonly #awaited = new Set<ByteStream>();

  constructor(options: ProxiedStreamsOptions) {
    this.#options = options;
  }

  /** Passes a connection on: at once, or when its header has arrived if it is a proxy's. */
  add(stream: ByteStream): void {
    const { from, onStream } = this.#options;
    if (from.some((range) => isInRange(stream.remote.host, range))) void this.#await(stream);
    else onStream(stream);
  }

  /** Closes the connections whose header has not arrived. */
  close(): void {
    for (const stream of this.#awaited) stream.close();
  }

  async #await(stream: ByteStream): Promise<void> {
    const { onStream, onOwnStream, onRefused } = this.#options;
    const [oldest] = this.#awaited;
    if (oldest && this.#awaited.size >= proxyHeadersAwaitedMax) oldest.close();
    this.#awaited.add(stream);
    const read = await this.#readHeader(stream);
    this.#awaited.delete(stream);
    if (read.kind === "client") return onStream(read.stream);
    if (read.kind === "own") return onOwnStream(read.stream);
    stream.close();
    if (read.kind === "fault") onRefused({ remote: stream.remote, reason: read.fault });
  }

  async #readHeader(stream: ByteStream): Promise<ReadHeader> {
    const buffer = new Uint8Array(proxyHeaderBytesMax);
    const deadline = new Deadline(this.#options.clock, () => stream.close());
    deadline.set(proxyHeaderTimeoutMs);
    try {
      for (let end = 0;;) {
        const count = await stream.read(buffer.subarray(end));
        if (deadline.passed) return faulty("its PROXY header did not come in time");
        // A proxy's health check may connect without a byte.
        if (count === null && end === 0) return { kind: "end" };
        if (count === null) return faulty("it was closed within its PROXY header");
        end += count;
        const header = readProxyHeader(buffer.subarray(0, end));
        if (header.kind === "fault") return header;
        if (header.kind === "incomplete") continue;
        const { length, client } = header;
        const from = { remote: client ?? stream.remote, unread: buffer.slice(length, end) };
        return { kind: client ? "client" : "own", stream: new ProxiedStream(stream, from) };
      }
    } finally {
      deadline.clear();
    }
  }
}

type ReadHeader =
  | { readonly kind: "client" | "own"; readonly stream: ByteStream }
  | { readonly kind: "end" }
  | { readonly kind: "fault"; readonly fault: string };

function faulty(fault: string): ReadHeader {
  return { kind: "fault", fault };
}

/** A proxy's connection after the header, with the address of the client. */
class ProxiedStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #stream: ByteStream;
  /** Bytes of the client that came together with the header. */
  #unread: Uint8Array;

  constructor(
    stream: ByteStream,
    { remote, unread }: { readonly remote: Endpoint; readonly unread: Uint8Array },
  ) {
    this.#stream = stream;
    this.local = stream.local;
    this.remote = remote;
    this.#unread = unread;
  }

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#unread.length === 0) return this.#stream.read(buffer);
    const count = Math.min(buffer.length, this.#unread.length);
    buffer.set(this.#unread.subarray(0, count));
    this.#unread = this.#unread.subarray(count);
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#stream.write(bytes);
  }

  close(): void {
    this.#unread = this.#unread.subarray(this.#unread.length);
    this.#stream.close();
  }
}
