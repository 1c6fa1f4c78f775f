/**
 * A network in memory that behaves like TCP: bytes arrive in order and in any pieces, a writer
 * waits for a slow reader, bytes written before a close still arrive, and a port is taken or free.
 *
 * Its order of events depends on the calls alone. With a scripted clock and randomness, a program
 * on it runs the same way every time.
 */
import { ClosedError, ConnectError, ListenError } from "../../src/errors.ts";
import {
  type ByteStream,
  type Endpoint,
  endpointText,
  type Listener,
  type Network,
} from "../../src/transport/byte_stream.ts";
import { MemoryPipe, pipeBytesDefault } from "./memory_pipe.ts";

/** Connections that may wait to be accepted. Further ones wait to connect. */
const backlogDefault = 128;
const ephemeralPortMin = 49_152;
const portMax = 65_535;
const loopback = ["127.0.0.1", "::1", "localhost"];
const anyAddress = ["0.0.0.0", "::"];

export interface MemoryNetworkOptions {
  /** Unread bytes that one direction of a connection holds. */
  readonly pipeBytes?: number;
  readonly backlog?: number;
}

/** The network as one machine sees it. */
export class MemoryNetwork implements Network {
  readonly #host: string;
  readonly #wire: Wire;

  /** Returns a new network with one machine, which only has the loopback address. */
  constructor(options: MemoryNetworkOptions = {}, host = "127.0.0.1", wire = new Wire(options)) {
    this.#host = host;
    this.#wire = wire;
  }

  /** Returns another machine on the same network. */
  machine(host: string): MemoryNetwork {
    return new MemoryNetwork({}, host, this.#wire);
  }

  listen({ host, port }: Endpoint): Listener {
    const attempt = `listen on ${endpointText({ host, port })}`;
    if (!anyAddress.includes(host) && this.#resolve(host) !== this.#host) {
      throw new ListenError(`${attempt}: the address is not this machine's`);
    }
    const actual = port === 0 ? this.#wire.freePort(this.#host) : port;
    if (this.#wire.listeners.has(endpointText({ host: this.#host, port: actual }))) {
      throw new ListenError(`${attempt}: the port is taken; choose another, or 0 for any`);
    }
    return new MemoryListener({ host, port: actual }, this.#host, this.#wire);
  }

  async connect(
    { host, port }: Endpoint,
    { signal }: { signal: AbortSignal },
  ): Promise<ByteStream> {
    const attempt = `connect to ${endpointText({ host, port })}`;
    if (signal.aborted) throw new ConnectError(`${attempt}: given up`, { cause: signal.reason });
    const remote = { host: this.#resolve(host), port };
    const listener = this.#wire.listeners.get(endpointText(remote));
    if (!listener) throw new ConnectError(`${attempt}: connection refused`);
    const hasRoom = await listener.room(signal);
    if (signal.aborted) {
      if (hasRoom) listener.withdraw();
      throw new ConnectError(`${attempt}: no answer in time`, { cause: signal.reason });
    }
    if (!hasRoom) throw new ConnectError(`${attempt}: connection refused`);
    const local = { host: this.#host, port: this.#wire.freePort(this.#host) };
    const [near, far] = MemoryStream.pair(local, remote, this.#wire.pipeBytes);
    listener.arrive(far);
    return near;
  }

  #resolve(host: string): string {
    return loopback.includes(host) ? this.#host : host;
  }
}

/** The machines' shared state. */
class Wire {
  readonly listeners = new Map<string, MemoryListener>();
  readonly pipeBytes: number;
  readonly backlog: number;
  readonly #nextPorts = new Map<string, number>();

  constructor({ pipeBytes = pipeBytesDefault, backlog = backlogDefault }: MemoryNetworkOptions) {
    this.pipeBytes = pipeBytes;
    this.backlog = backlog;
  }

  /** Returns the machine's next free ephemeral port. */
  freePort(host: string): number {
    for (;;) {
      const port = this.#nextPorts.get(host) ?? ephemeralPortMin;
      this.#nextPorts.set(host, port === portMax ? ephemeralPortMin : port + 1);
      if (!this.listeners.has(endpointText({ host, port }))) return port;
    }
  }
}

class MemoryListener implements Listener {
  readonly endpoint: Endpoint;
  readonly #key: string;
  readonly #wire: Wire;
  readonly #arrived: MemoryStream[] = [];
  #isClosed = false;
  /** Callers that wait for a connection, and callers that wait for backlog room. Both in order. */
  readonly #accepting: ((stream: ByteStream | null) => void)[] = [];
  readonly #knocking = new Set<(hasRoom: boolean) => void>();
  /** Places that are reserved for callers that have not arrived yet. */
  #promised = 0;

  constructor(endpoint: Endpoint, host: string, wire: Wire) {
    this.endpoint = endpoint;
    this.#key = endpointText({ host, port: endpoint.port });
    this.#wire = wire;
    wire.listeners.set(this.#key, this);
  }

  accept(): Promise<ByteStream | null> {
    if (this.#isClosed) return Promise.resolve(null);
    const stream = this.#arrived.shift();
    if (stream) {
      this.#admit();
      return Promise.resolve(stream);
    }
    return new Promise((resolve) => {
      this.#accepting.push(resolve);
      this.#admit();
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wire.listeners.delete(this.#key);
    for (const resolve of this.#accepting.splice(0)) resolve(null);
    for (const resolve of this.#knocking) resolve(false);
    this.#knocking.clear();
    // Nobody will accept these, so they are reset.
    for (const stream of this.#arrived.splice(0)) stream.close();
  }

  /**
   * @returns whether there is room for one more, once that is known. Any value after the signal
   * aborted.
   */
  room(signal: AbortSignal): Promise<boolean> {
    if (this.#hasRoom()) {
      this.#promised++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const knock = (hasRoom: boolean) => {
        signal.removeEventListener("abort", giveUp);
        resolve(hasRoom);
      };
      const giveUp = () => {
        this.#knocking.delete(knock);
        resolve(false);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#knocking.add(knock);
    });
  }

  /** Frees a place whose caller did not arrive. */
  withdraw(): void {
    this.#promised--;
    this.#admit();
  }

  arrive(stream: MemoryStream): void {
    this.#promised--;
    if (this.#isClosed) return stream.close();
    const accept = this.#accepting.shift();
    if (accept) accept(stream);
    else this.#arrived.push(stream);
  }

  #hasRoom(): boolean {
    return this.#arrived.length + this.#promised < this.#wire.backlog + this.#accepting.length;
  }

  #admit(): void {
    for (const knock of this.#knocking) {
      if (!this.#hasRoom()) return;
      this.#knocking.delete(knock);
      this.#promised++;
      knock(true);
    }
  }
}

/** One end of a connection. */
class MemoryStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #incoming: MemoryPipe;
  readonly #outgoing: MemoryPipe;

  private constructor(
    ends: { local: Endpoint; remote: Endpoint },
    pipes: [MemoryPipe, MemoryPipe],
  ) {
    this.local = ends.local;
    this.remote = ends.remote;
    [this.#incoming, this.#outgoing] = pipes;
  }

  static pair(local: Endpoint, remote: Endpoint, pipeBytes: number): [MemoryStream, MemoryStream] {
    const [there, back] = [new MemoryPipe(pipeBytes), new MemoryPipe(pipeBytes)];
    return [
      new MemoryStream({ local, remote }, [back, there]),
      new MemoryStream({ local: remote, remote: local }, [there, back]),
    ];
  }

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#incoming.read(buffer);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (await this.#outgoing.write(bytes)) return;
    throw new ClosedError(`write to ${endpointText(this.remote)}: the connection is closed`);
  }

  close(): void {
    // Sent bytes still arrive. Unread received bytes are lost, and the other side cannot write any
    // more.
    this.#outgoing.end();
    this.#incoming.abandon();
  }
}
