/**
 * Strangers who connect from many addresses of this machine (127.0.0.2 and on), so that no address
 * exceeds its limit.
 */
import net from "node:net";

interface Stranger {
  readonly socket: net.Socket;
  readonly isSlow: boolean;
}

/** How many come from each address. */
const perAddress = 50;
const comeAtATime = 100;

/** Connects so often and closes at once, some at a time. */
export async function closeAtOnce(port: number, connections: number): Promise<void> {
  for (let count = 0; count < connections; count += comeAtATime) {
    await Promise.all(Array.from({ length: comeAtATime }, async () => {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    }));
  }
}

export class StrangersAbroad implements AsyncDisposable {
  readonly allClosed: Promise<void>;
  readonly #port: number;
  readonly #strangers = new Set<Stranger>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(port: number) {
    this.#port = port;
    this.allClosed = this.#closed.promise;
  }

  /** How many the server has not closed. */
  get open(): number {
    return this.#strangers.size;
  }

  /** Resolves when all of them are greeted. */
  async come({ slow, silent }: { slow: number; silent: number }): Promise<void> {
    for (let count = 0; count < slow + silent; count += comeAtATime) {
      await Promise.all(Array.from({ length: comeAtATime }, (_, at) => {
        const index = count + at;
        return this.#comeFrom(2 + Math.floor(index / perAddress), index < slow);
      }));
    }
  }

  /** One more byte of a line that never ends, from each who is slow. */
  sendByte(): void {
    for (const { socket, isSlow } of this.#strangers) if (isSlow) socket.write("e");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#strangers) socket.destroy();
    if (this.open > 0) await this.allClosed;
  }

  async #comeFrom(address: number, isSlow: boolean): Promise<void> {
    const socket = net.connect({
      host: "127.0.0.1",
      port: this.#port,
      localAddress: `127.0.0.${address}`,
    });
    const stranger = { socket, isSlow };
    this.#strangers.add(stranger);
    const greeted = Promise.withResolvers<void>();
    socket.on("data", () => greeted.resolve());
    socket.on("error", () => {}); // It is told by the close that follows.
    socket.on("close", () => {
      this.#strangers.delete(stranger);
      greeted.resolve();
      if (this.open === 0) this.#closed.resolve();
    });
    await greeted.promise;
    if (isSlow) socket.write("e");
  }
}
