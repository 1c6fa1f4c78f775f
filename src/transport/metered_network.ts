/** A network that counts its bytes. */
import type { ByteStream, Endpoint, Listener, Network } from "./byte_stream.ts";

export class MeteredNetwork implements Network {
  bytesRead = 0;
  bytesWritten = 0;
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  listen(endpoint: Endpoint): Listener {
    const listener = this.#network.listen(endpoint);
    return {
      endpoint: listener.endpoint,
      accept: async () => {
        const stream = await listener.accept();
        return stream && this.#meter(stream);
      },
      close: () => listener.close(),
    };
  }

  async connect(endpoint: Endpoint, options: { signal: AbortSignal }): Promise<ByteStream> {
    return this.#meter(await this.#network.connect(endpoint, options));
  }

  #meter(stream: ByteStream): ByteStream {
    return {
      local: stream.local,
      remote: stream.remote,
      read: async (buffer) => {
        const count = await stream.read(buffer);
        this.bytesRead += count ?? 0;
        return count;
      },
      write: async (bytes) => {
        await stream.write(bytes);
        this.bytesWritten += bytes.length;
      },
      close: () => stream.close(),
    };
  }
}
