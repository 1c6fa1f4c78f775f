/**
 * A network with distances. Each message has a delay of its own. Paths break and heal, connections
 * are cut, and machines are switched off. As with TCP, bytes of a connection arrive in order, in
 * pieces of any size, or not at all.
 */
import { ConnectError, ListenError } from "../../src/errors.ts";
import {
  type ByteStream,
  type Endpoint,
  endpointText,
  type Listener,
  type Network,
} from "../../src/transport/byte_stream.ts";
import type { Dice } from "./dice.ts";
import { SimulatedConnection } from "./simulated_connection.ts";
import type { SimulatedMachine, SimulatedProcess } from "./simulated_process.ts";
import type { Timeline } from "./timeline.ts";

const delayMsMax = 40;
/** Now and then something takes much longer than usual. */
const slowShare = 0.02;
const slowMsMax = 3000;
const ephemeralPortMin = 49_152;
const anyAddress = "::";

export class SimulatedNetwork {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly #machines = new Map<string, SimulatedMachine>();
  readonly #listeners = new Map<string, SimulatedListener>();
  readonly #connections = new Set<SimulatedConnection>();
  /** Ways that are broken, with what goes on when they heal. */
  readonly #broken = new Map<string, (() => void)[]>();
  #nextPort = ephemeralPortMin;

  constructor({ timeline, dice }: { timeline: Timeline; dice: Dice }) {
    this.timeline = timeline;
    this.dice = dice;
  }

  get machines(): readonly SimulatedMachine[] {
    return [...this.#machines.values()];
  }

  add(machine: SimulatedMachine): void {
    this.#machines.set(machine.host, machine);
  }

  /** The network as one process uses it. */
  of(process: SimulatedProcess): Network {
    return {
      listen: (endpoint) => this.#listen(process, endpoint),
      connect: (endpoint, { signal }) =>
        process.step(() => this.#connect(process, endpoint, signal)),
    };
  }

  isUp(host: string): boolean {
    return this.#machines.get(host)?.isUp ?? false;
  }

  /** Connections that nobody has closed yet. */
  get open(): readonly SimulatedConnection[] {
    return [...this.#connections].filter(({ isOver }) => !isOver);
  }

  /** Nothing gets through between two machines until it heals; what was sent is sent again then. */
  breakWay(one: string, other: string): void {
    this.#broken.set(way(one, other), []);
  }

  heal(one: string, other: string): void {
    const waiting = this.#broken.get(way(one, other)) ?? [];
    this.#broken.delete(way(one, other));
    for (const go of waiting) go();
  }

  healAll(): void {
    const waiting = [...this.#broken.values()].flat();
    this.#broken.clear();
    for (const go of waiting) go();
  }

  /** Runs an action when something that is sent now arrives; not before the way is whole. */
  travel(from: string, to: string, arrive: () => void, notBeforeMs = 0): number {
    const usualMs = this.dice.between(0.1, delayMsMax);
    const extraMs = this.dice.chance(slowShare) ? this.dice.between(0, slowMsMax) : 0;
    const delayMs = Math.max(usualMs + extraMs, notBeforeMs - this.timeline.nowMs);
    const go = () => {
      const waiting = this.#broken.get(way(from, to));
      if (waiting) waiting.push(go);
      else arrive();
    };
    this.timeline.schedule(delayMs, go);
    return this.timeline.nowMs + delayMs;
  }

  #listen(process: SimulatedProcess, { host, port }: Endpoint): Listener {
    const attempt = `listen on ${endpointText({ host, port })}`;
    if (![process.machine.host, anyAddress].includes(host)) {
      throw new ListenError(`${attempt}: the address is not this machine's`);
    }
    const actual = port === 0 ? this.#nextPort++ : port;
    const key = endpointText({ host: process.machine.host, port: actual });
    if (this.#listeners.has(key)) {
      throw new ListenError(`${attempt}: the port is taken; choose another, or 0 for any`);
    }
    const close = () => {
      if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
    };
    const listener = new SimulatedListener({ host, port: actual }, process, close);
    this.#listeners.set(key, listener);
    process.onKilled(() => listener.close());
    return listener;
  }

  async #connect(
    process: SimulatedProcess,
    remote: Endpoint,
    signal: AbortSignal,
  ): Promise<ByteStream> {
    const attempt = `connect to ${endpointText(remote)}`;
    if (signal.aborted) throw new ConnectError(`${attempt}: given up`, { cause: signal.reason });
    const local = { host: process.machine.host, port: this.#nextPort++ };
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>();
    const giveUp = () => reject(new ConnectError(`${attempt}: no answer in time`));
    signal.addEventListener("abort", giveUp, { once: true });
    this.travel(local.host, remote.host, () => {
      // A machine that is off does not even refuse.
      if (!this.isUp(remote.host)) return;
      const listener = this.#listeners.get(endpointText(remote));
      const connection = listener &&
        new SimulatedConnection(this, [process, local], [listener.process, remote]);
      if (connection) {
        this.#connections.add(connection);
        listener.arrive(connection.far);
      }
      this.travel(remote.host, local.host, () => {
        if (!connection) return reject(new ConnectError(`${attempt}: connection refused`));
        resolve(connection.near);
        if (signal.aborted) connection.near.close();
      });
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }
}

function way(one: string, other: string): string {
  return [one, other].sort().join(" ");
}

class SimulatedListener implements Listener {
  readonly endpoint: Endpoint;
  readonly process: SimulatedProcess;
  readonly #onClose: () => void;
  readonly #arrived: ByteStream[] = [];
  readonly #accepting: ((stream: ByteStream | null) => void)[] = [];
  #isClosed = false;

  constructor(endpoint: Endpoint, process: SimulatedProcess, onClose: () => void) {
    this.endpoint = endpoint;
    this.process = process;
    this.#onClose = onClose;
  }

  accept(): Promise<ByteStream | null> {
    const stream = this.#isClosed ? null : this.#arrived.shift();
    if (stream !== undefined) return this.process.step(() => Promise.resolve(stream));
    return this.process.step(() => new Promise((resolve) => this.#accepting.push(resolve)));
  }

  arrive(stream: ByteStream): void {
    const accept = this.#accepting.shift();
    if (accept) accept(stream);
    else this.#arrived.push(stream);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
    for (const accept of this.#accepting) accept(null);
    for (const stream of this.#arrived) stream.close();
  }
}
