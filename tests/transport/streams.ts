/**
 * The two ends of a connection over each kind of network, and readers for tests.
 */
import type { ByteStream, Listener, Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { MemoryNetwork } from "./memory_network.ts";

export interface Ends {
  /** The connecting end. */
  readonly near: ByteStream;
  /** The accepted end. */
  readonly far: ByteStream;
}

/** A network for one test. */
export const networks: readonly { readonly kind: string; make(): Network }[] = [
  { kind: "in memory", make: () => new MemoryNetwork() },
  { kind: "over TCP", make: () => tcpNetwork },
];

export const anyPort = { host: "127.0.0.1", port: 0 };

export async function connectTo(network: Network, listener: Listener): Promise<Ends> {
  const { signal } = new AbortController();
  const [near, far] = await Promise.all([
    network.connect(listener.endpoint, { signal }),
    listener.accept(),
  ]);
  return { near, far: far! };
}

/** Runs `action` with both ends of a connection, and closes everything afterwards. */
export async function withEnds(
  network: Network,
  action: (ends: Ends) => Promise<void>,
): Promise<void> {
  const listener = network.listen(anyPort);
  const ends = await connectTo(network, listener);
  try {
    await action(ends);
  } finally {
    ends.near.close();
    ends.far.close();
    listener.close();
  }
}

export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Returns all bytes until the other side closes. */
export async function readAll(stream: ByteStream): Promise<string> {
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const count = await stream.read(buffer);
    if (count === null) return text;
    text += decoder.decode(buffer.subarray(0, count));
  }
}

/** Runs all pending microtasks. */
export async function settled(): Promise<void> {
  // A timer of 0 ms runs after all microtasks, including those that others add.
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
