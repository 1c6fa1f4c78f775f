/**
 * A proxy between a client and the server that can hold back what the client sends. A test then
 * knows that the client sent a message and that it has not arrived.
 */
import type { Scene } from "./driver.ts";
import { within } from "./output_lines.ts";
import type { RunningProgram } from "./program.ts";

export class HoldingProxy implements AsyncDisposable {
  readonly port: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serverPort: number;
  readonly #connections: Deno.Conn[] = [];
  readonly #pumps: Promise<void>[] = [];
  #isHolding = false;
  #held: { readonly to: Deno.Conn; readonly bytes: Uint8Array }[] = [];
  #holds = Promise.withResolvers<void>();
  #answer: PromiseWithResolvers<void> | undefined;
  #answerLines = 0;
  #onAnswer = () => {};

  constructor(serverPort: number) {
    this.#serverPort = serverPort;
    this.port = this.#listener.addr.port;
    this.#pumps.push(this.#accept());
  }

  /** From now on nothing from the client reaches the server. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Waits until the server has sent so many lines in all. */
  async answered(lines: number): Promise<void> {
    const enough = Promise.withResolvers<void>();
    this.#onAnswer = () => this.#answerLines >= lines && enough.resolve();
    this.#onAnswer();
    const missing = () => `only ${this.#answerLines} came`;
    await within(`${lines} lines of the server`, missing, () => enough.promise);
  }

  /** Waits until the client has said something that is held. */
  async holding(): Promise<void> {
    await within("something to hold", () => "nothing came", () => this.#holds.promise);
  }

  /** Gives the server what was held, and waits for its answer; the client may be gone. */
  async release(): Promise<void> {
    const answer = this.#answer = Promise.withResolvers<void>();
    for (const { to, bytes } of this.#held) await writeAll(to, bytes);
    this.#held = [];
    this.#isHolding = false;
    await within("the server's answer", () => "nothing came", () => answer.promise);
  }

  /** Closes everything. Harmless the second time. */
  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    for (const connection of this.#connections) close(connection);
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
        this.#connections.push(client, server);
        this.#pumps.push(this.#pump(client, server, true), this.#pump(server, client, false));
      }
    } catch {
      // The listener was closed.
    }
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, mayHold: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        if (!mayHold) {
          this.#answer?.resolve();
          this.#answerLines += buffer.subarray(0, count).filter((byte) => byte === 0x0a).length;
          this.#onAnswer();
        }
        if (mayHold && this.#isHolding) {
          this.#held.push({ to, bytes: buffer.slice(0, count) });
          this.#holds.resolve();
        } else {
          await writeAll(to, buffer.subarray(0, count));
        }
      }
      // While something is held for it, the server's end stays open.
      if (!mayHold || !this.#isHolding) close(to);
    } catch {
      // One of the two was closed.
    }
  }
}

/**
 * Starts a receiver called bob behind the proxy.
 *
 * @returns it, when the next message that it sends is an order, which the proxy holds
 */
export async function holdReceiver(
  scene: Scene,
  proxy: HoldingProxy,
  args: readonly string[] = [],
): Promise<RunningProgram> {
  const bob = await scene.receiver("bob", args, proxy.port);
  await holdOrders(proxy);
  return bob;
}

/** Lets the proxy hold what a receiver that is online through it sends from now on. */
export async function holdOrders(proxy: HoldingProxy): Promise<void> {
  // The greeting, and the replies to an audit, to the newest entry, to the login and to what came
  // since.
  await proxy.answered(5);
  proxy.hold();
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await to.write(rest));
}

function close(closable: { close(): void }): void {
  try {
    closable.close();
  } catch {
    // It was closed already.
  }
}
