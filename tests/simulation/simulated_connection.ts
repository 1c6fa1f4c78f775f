/**
 * A connection of a simulated network: two ends, and what is on its way between them.
 */
import { ClosedError } from "../../src/errors.ts";
import { type ByteStream, type Endpoint, endpointText } from "../../src/transport/byte_stream.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";
import type { SimulatedProcess } from "./simulated_process.ts";

/** Bytes that one end may have sent and the other one not read. */
const windowBytes = 64 * 1024;
/** Now and then a write arrives in two pieces. */
const splitShare = 0.05;

type Side = readonly [process: SimulatedProcess, endpoint: Endpoint];

export class SimulatedConnection {
  /** The end of the one who connected. */
  readonly near: SimulatedStream;
  readonly far: SimulatedStream;

  constructor(network: SimulatedNetwork, near: Side, far: Side) {
    this.near = new SimulatedStream(network, near, far[1]);
    this.far = new SimulatedStream(network, far, near[1]);
    this.near.other = this.far;
    this.far.other = this.near;
  }

  get isOver(): boolean {
    return this.near.isClosed && this.far.isClosed;
  }
}

export class SimulatedStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  other!: SimulatedStream;
  /** Closed from this end, reset, or its process is gone: nothing comes or goes any more. */
  isClosed = false;
  readonly #network: SimulatedNetwork;
  readonly #process: SimulatedProcess;
  readonly #arrived: Uint8Array<ArrayBuffer>[] = [];
  /** Sent and not read by the other end. */
  #unreadBytes = 0;
  /** Nothing overtakes what was sent before. */
  #lastArrivalMs = 0;
  #isEnded = false;
  #waiting: (() => void)[] = [];

  constructor(network: SimulatedNetwork, [process, local]: Side, remote: Endpoint) {
    this.#network = network;
    this.#process = process;
    this.local = local;
    this.remote = remote;
    process.onKilled(() => this.#orphan());
  }

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#process.step(async () => {
      while (this.#arrived.length === 0 && !this.#isEnded && !this.isClosed) await this.#changed();
      const piece = this.#arrived[0];
      if (this.isClosed || !piece) return null;
      const count = Math.min(piece.length, buffer.length);
      buffer.set(piece.subarray(0, count));
      if (count === piece.length) this.#arrived.shift();
      else this.#arrived[0] = piece.subarray(count);
      this.other.#unreadBytes -= count;
      this.other.#wake();
      return count;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    const own = bytes.slice();
    return this.#process.step(async () => {
      for (let rest = own; rest.length > 0;) {
        // Not for every byte that is read, or what goes on would come in ever smaller pieces.
        while (this.#unreadBytes > windowBytes / 2 && !this.isClosed) await this.#changed();
        if (this.isClosed) {
          throw new ClosedError(`write to ${endpointText(this.remote)}: the connection is closed`);
        }
        const taken = rest.subarray(0, windowBytes - this.#unreadBytes);
        this.#unreadBytes += taken.length;
        this.#sendPieces(taken);
        rest = rest.subarray(taken.length);
      }
    });
  }

  close(): void {
    if (this.isClosed || !this.#process.isAlive) return;
    this.isClosed = true;
    this.#wake();
    this.#send((other) => other.#end());
  }

  /** The connection breaks at this end. The other end notices when it sends something, or never. */
  reset(): void {
    this.isClosed = true;
    this.#arrived.length = 0;
    this.#wake();
  }

  /** The process was killed: its system ends the connection, if it is still there to do so. */
  #orphan(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.#network.isUp(this.local.host)) this.#send((other) => other.reset());
  }

  #sendPieces(bytes: Uint8Array<ArrayBuffer>): void {
    const { dice } = this.#network;
    const at = dice.chance(splitShare) ? dice.below(bytes.length) : 0;
    if (at > 0) this.#send((other) => other.#take(bytes.subarray(0, at)));
    this.#send((other) => other.#take(bytes.subarray(at)));
  }

  #send(arrive: (other: SimulatedStream) => void): void {
    const { host } = this.remote;
    this.#lastArrivalMs = this.#network.travel(this.local.host, host, () => {
      if (this.#network.isUp(host)) arrive(this.other);
    }, this.#lastArrivalMs);
  }

  #take(piece: Uint8Array<ArrayBuffer>): void {
    if (this.isClosed) return this.#send((other) => other.reset());
    this.#arrived.push(piece);
    this.#wake();
  }

  #end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
