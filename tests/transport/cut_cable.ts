/**
 * A network whose cable can be cut. Its connections then stay open, but nothing arrives any more,
 * not even an end. When the cable is mended, new connections work, and the old ones stay dead.
 */
import { ClosedError, ConnectError } from "../../src/errors.ts";
import type { ByteStream, Endpoint, Listener, Network } from "../../src/transport/byte_stream.ts";

export class CutCable implements Network, Disposable {
  readonly #network: Network;
  readonly #streams = new Set<CutStream>();
  #isCut = false;

  constructor(network: Network) {
    this.#network = network;
  }

  listen(endpoint: Endpoint): Listener {
    return this.#network.listen(endpoint);
  }

  async connect(endpoint: Endpoint, options: { signal: AbortSignal }): Promise<ByteStream> {
    if (this.#isCut) throw new ConnectError("connect: the cable is cut");
    const stream = new CutStream(await this.#network.connect(endpoint, options));
    this.#streams.add(stream);
    return stream;
  }

  cut(): void {
    this.#isCut = true;
    for (const stream of this.#streams) stream.cut();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Closes all connections, also those that the other side still counts as open. */
  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream.end();
  }
}

class CutStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #stream: ByteStream;
  readonly #closed = Promise.withResolvers<null>();
  #isCut = false;
  #isClosed = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    this.local = stream.local;
    this.remote = stream.remote;
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const read = await Promise.race([this.#stream.read(buffer), this.#closed.promise]);
    return this.#isCut ? await this.#closed.promise : read;
  }

  /** What is written into a cut cable is lost, and nobody says so. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new ClosedError("write: the connection was closed");
    if (!this.#isCut) await this.#stream.write(bytes);
  }

  close(): void {
    this.#isClosed = true;
    this.#closed.resolve(null);
    if (!this.#isCut) this.end();
  }

  cut(): void {
    this.#isCut = true;
  }

  end(): void {
    this.#stream.close();
  }
}
