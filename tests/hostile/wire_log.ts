/**
 * A network that records what each accepted connection receives, so that a test can compare the
 * views of two strangers.
 */
import { type ByteStream, endpointText, type Network } from "../../src/transport/byte_stream.ts";

export class WireLog {
  readonly #byClient = new Map<string, string[]>();

  /** The network with its listeners watched. */
  on(network: Network): Network {
    return {
      connect: (endpoint, options) => network.connect(endpoint, options),
      listen: (endpoint) => {
        const listener = network.listen(endpoint);
        return {
          endpoint: listener.endpoint,
          accept: async () => {
            const stream = await listener.accept();
            return stream && this.#watched(stream);
          },
          close: () => listener.close(),
        };
      },
    };
  }

  /** What was written to a client and when it was closed, in order: `1234 bytes`, `closed`. */
  toldTo(client: Pick<ByteStream, "local">): readonly string[] {
    return this.#byClient.get(endpointText(client.local)) ?? [];
  }

  #watched(stream: ByteStream): ByteStream {
    const told: string[] = [];
    this.#byClient.set(endpointText(stream.remote), told);
    return {
      local: stream.local,
      remote: stream.remote,
      read: (buffer) => stream.read(buffer),
      write: async (bytes) => {
        told.push(`${bytes.length} bytes`);
        await stream.write(bytes);
      },
      close: () => {
        if (told.at(-1) !== "closed") told.push("closed");
        stream.close();
      },
    };
  }
}
