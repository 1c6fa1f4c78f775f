/** A proxy in front of a server that counts what passes. */

/** What passed in one direction. */
export interface Traffic {
  readonly bytes: number;
  readonly lines: number;
}

export class CountingProxy implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #server: { readonly hostname: string; readonly port: number };
  #toServer: Traffic = { bytes: 0, lines: 0 };
  #toClient: Traffic = { bytes: 0, lines: 0 };

  constructor(port: number) {
    this.#server = { hostname: "127.0.0.1", port };
    this.#accept();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Returns what passed since the last call. */
  take(): { readonly toServer: Traffic; readonly toClient: Traffic } {
    const taken = { toServer: this.#toServer, toClient: this.#toClient };
    this.#toServer = this.#toClient = { bytes: 0, lines: 0 };
    return taken;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect(this.#server);
      pump(client, server, (passed) => this.#toServer = sum(this.#toServer, passed));
      pump(server, client, (passed) => this.#toClient = sum(this.#toClient, passed));
    }
  }
}

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  onPassed: (passed: Traffic) => void,
): Promise<void> {
  const count = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(bytes, controller) {
      onPassed({ bytes: bytes.length, lines: bytes.filter((byte) => byte === newline).length });
      controller.enqueue(bytes);
    },
  });
  // A side that ends without saying goodbye is no fault of the measurement.
  await from.readable.pipeThrough(count).pipeTo(to.writable).catch(() => {});
}

const newline = 0x0a;

function sum(one: Traffic, other: Traffic): Traffic {
  return { bytes: one.bytes + other.bytes, lines: one.lines + other.lines };
}
