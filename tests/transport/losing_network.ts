/**
 * A network with a hostile proxy on the way. On command, it loses lines, or closes connections in
 * the middle of a line.
 */
import { ClosedError } from "../../src/errors.ts";
import type { ByteStream, Endpoint, Listener, Network } from "../../src/transport/byte_stream.ts";
import type { Dice } from "../simulation/dice.ts";

/** What the proxy does with a line that it does not let through. */
export type LineFault = "drop" | "cut";

export class LosingNetwork implements Network {
  readonly #network: Network;
  readonly #dice: Dice;
  #fault: LineFault | undefined;
  #isFirst = false;
  #newest: LosingStream | undefined;

  constructor(network: Network, dice: Dice) {
    this.#network = network;
    this.#dice = dice;
  }

  /** Whether the newest connection has lost a line. */
  get isBroken(): boolean {
    return this.#newest?.isBroken ?? false;
  }

  /** From now on, the next line and half of the later ones meet this fault. */
  begin(fault: LineFault): void {
    this.#fault = fault;
    this.#isFirst = true;
  }

  /** Lets all lines through again. */
  end(): void {
    this.#fault = undefined;
  }

  listen(endpoint: Endpoint): Listener {
    return this.#network.listen(endpoint);
  }

  async connect(endpoint: Endpoint, options: { signal: AbortSignal }): Promise<ByteStream> {
    const stream = await this.#network.connect(endpoint, options);
    return this.#newest = new LosingStream(stream, () => this.#draw());
  }

  #draw(): LineFault | undefined {
    if (!this.#fault || !(this.#isFirst || this.#dice.chance(0.5))) return undefined;
    this.#isFirst = false;
    return this.#fault;
  }
}

const newline = 0x0a;

class LosingStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  isBroken = false;
  readonly #stream: ByteStream;
  readonly #draw: () => LineFault | undefined;
  readonly #ways = { in: new Way(), out: new Way() };
  /** What came through and was not read yet. */
  #read = new Uint8Array();

  constructor(stream: ByteStream, draw: () => LineFault | undefined) {
    this.#stream = stream;
    this.#draw = draw;
    this.local = stream.local;
    this.remote = stream.remote;
  }

  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    while (this.#read.length === 0) {
      const count = await this.#stream.read(buffer);
      if (count === null) return null;
      this.#read = this.#pass("in", buffer.slice(0, count));
    }
    const taken = this.#read.subarray(0, buffer.length);
    buffer.set(taken);
    this.#read = this.#read.slice(taken.length);
    return taken.length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const passed = this.#pass("out", bytes);
    if (passed.length > 0) await this.#stream.write(passed).catch(this.#ignoreOwnClose);
  }

  close(): void {
    this.#stream.close();
  }

  /** @returns what the proxy passes on now */
  #pass(direction: "in" | "out", bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const passed: number[] = [];
    for (const line of this.#ways[direction].take(bytes)) {
      const fault = this.#draw();
      if (fault === undefined) passed.push(...line);
      else this.isBroken = true;
      if (fault !== "cut") continue;
      passed.push(...line.subarray(0, line.length / 2));
      // After the half line is written or read.
      queueMicrotask(() => this.#stream.close());
      break;
    }
    return new Uint8Array(passed);
  }

  #ignoreOwnClose = (error: unknown) => {
    if (!(this.isBroken && error instanceof ClosedError)) throw error;
  };
}

/** Divides the bytes of one direction into lines. */
class Way {
  #rest = new Uint8Array();

  /** @returns the lines whose end is in these bytes */
  *take(bytes: Uint8Array): Generator<Uint8Array> {
    const all = new Uint8Array([...this.#rest, ...bytes]);
    let start = 0;
    for (let end; (end = all.indexOf(newline, start)) >= 0; start = end + 1) {
      yield all.subarray(start, end + 1);
    }
    this.#rest = all.slice(start);
  }
}
