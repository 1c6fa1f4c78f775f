/**
 * The real server on a network in memory, with a clock that moves only on command. A test chooses
 * the addresses of the machines around it. The clients use the machine's clock, and no test waits
 * for it.
 */
import type { ServerLink } from "../../src/client/server_link.ts";
import { systemClock } from "../../src/clock.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { balanceRequestType } from "../../src/protocol/balance.ts";
import { type ByteStream, endpointText } from "../../src/transport/byte_stream.ts";
import type { Channel } from "../../src/transport/channel.ts";
import { type GreetedConnection, receiveGreeting } from "../../src/transport/connect_channel.ts";
import { ManualClock } from "../manual_clock.ts";
import { waitUntil } from "../server/wait_until.ts";
import {
  sessionKey,
  startServer,
  type TestServer,
  type TestServerOptions,
  timeoutMs,
} from "../server/test_server.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";

const serverHost = "192.0.2.1";
/** Where strangers come from, unless a test says otherwise. */
export const elsewhere = "198.51.100.1";

export class Scene implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly server: TestServer;
  readonly #network: MemoryNetwork;

  private constructor(clock: ManualClock, server: TestServer, network: MemoryNetwork) {
    this.clock = clock;
    this.server = server;
    this.#network = network;
  }

  static async open(options: TestServerOptions = {}): Promise<Scene> {
    const clock = new ManualClock(Date.now());
    const network = new MemoryNetwork({ backlog: 20_000 }, serverHost);
    const server = await startServer({ clock, network, ...options });
    return new Scene(clock, server, network);
  }

  /** A bare connection from a machine. */
  async dial(host = elsewhere): Promise<ByteStream> {
    const { port } = this.server.endpoint;
    const signal = new AbortController().signal;
    return await this.#network.machine(host).connect({ host: serverHost, port }, { signal });
  }

  /** A connection that was greeted, and nothing was said on. */
  async greet(host?: string): Promise<GreetedConnection> {
    const resolveAnchor = () => Promise.resolve(this.server.anchor);
    return await receiveGreeting(await this.dial(host), {
      role: "server",
      resolveAnchor,
      clock: systemClock,
      timeoutMs,
    });
  }

  /** Speaks as a member, by the client's own code. */
  async link(
    identity: Identity,
    host?: string,
    onWaiting?: (place: number) => void,
  ): Promise<ServerLink> {
    return await this.server.link(identity, await this.greet(host), onWaiting);
  }

  /** Speaks as a member by hand: nothing is read or answered but by the test. */
  async channel(identity: Identity, host?: string): Promise<Channel> {
    const connection = await this.greet(host);
    const signer = { kind: "certified", identity } as const;
    return connection.introduce({ signer, sessionKey });
  }

  /** How many events of a kind there were, about one connection if it is given. */
  count(kind: string, stream?: Pick<ByteStream, "local">): number {
    const about = stream && endpointText(stream.local);
    return this.server.events.all.filter((event) =>
      event.kind === kind &&
      (about === undefined || ("remote" in event && endpointText(event.remote) === about))
    ).length;
  }

  /** Waits until every connection that came has ended, and checks that nobody holds anything. */
  async allGone(): Promise<void> {
    await waitUntil(() => {
      const last = this.server.events.all.findLast((event) => "served" in event);
      return last?.kind === "disconnected" && last.served + last.waiting + last.strangers === 0;
    }, "every connection to be gone");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Whether a member is served. */
export async function isServed(link: ServerLink): Promise<boolean> {
  return (await link.ask(balanceRequestType, {})).outcome === "answered";
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text));
}

/** Reads until the other side closes. @returns how many bytes came */
export async function drain(stream: ByteStream): Promise<number> {
  const buffer = new Uint8Array(64 * 1024);
  let total = 0;
  for (let count; (count = await stream.read(buffer)) !== null;) total += count;
  return total;
}
