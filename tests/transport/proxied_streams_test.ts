/**
 * Connections through a proxy: who must send a header, who must not, and what the server sees.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { proxyHeadersAwaitedMax, proxyHeaderTimeoutMs } from "../../src/limits.ts";
import { parseAddressRange } from "../../src/transport/address_range.ts";
import type { ByteStream, Endpoint } from "../../src/transport/byte_stream.ts";
import { ProxiedStreams } from "../../src/transport/proxied_streams.ts";
import { ManualClock } from "../manual_clock.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { headerSamples } from "./proxy_header_samples.ts";
import { anyPort, ascii, connectTo, type Ends, readAll, settled } from "./streams.ts";

/** Streams of one server, whose proxy is at 127.0.0.1 unless `from` says something else. */
class Scene {
  readonly clock = new ManualClock();
  readonly passed: ByteStream[] = [];
  readonly own: ByteStream[] = [];
  readonly refused: { readonly remote: Endpoint; readonly reason: string }[] = [];
  readonly proxied: ProxiedStreams;
  readonly #network = new MemoryNetwork();

  constructor(from = "127.0.0.1") {
    this.proxied = new ProxiedStreams({
      from: [parseAddressRange(from)!],
      clock: this.clock,
      onStream: (stream) => this.passed.push(stream),
      onOwnStream: (stream) => this.own.push(stream),
      onRefused: (refused) => this.refused.push(refused),
    });
  }

  async connect(): Promise<Ends> {
    const listener = this.#network.listen(anyPort);
    const ends = await connectTo(this.#network, listener);
    listener.close();
    this.proxied.add(ends.far);
    return ends;
  }
}

Deno.test("proxied: a header in any pieces names the client, and every byte after it arrives", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...headerSamples),
      fc.uint8Array({ max: 127, maxLength: 700 }),
      fc.array(fc.integer({ min: 1, max: 200 })),
      async ({ bytes, client }, body, pieces) => {
        const scene = new Scene();
        const { near, far } = await scene.connect();
        let rest = Uint8Array.of(...bytes, ...body);
        for (const piece of [...pieces, rest.length]) {
          if (rest.length === 0) break;
          await near.write(rest.subarray(0, piece));
          await settled();
          rest = rest.subarray(piece);
        }
        await settled();
        const [stream] = client ? scene.passed : scene.own;
        assertEquals([stream?.remote, stream?.local], [client ?? far.remote, far.local]);
        near.close();
        assertEquals(ascii(await readAll(stream!)), Uint8Array.from(body));
        assertEquals([scene.refused, scene.clock.pending], [[], 0]);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("proxied: a connection of another address is passed on as it is, with its header", async () => {
  const scene = new Scene("192.0.2.0/24");
  const { near, far } = await scene.connect();
  await near.write(headerSamples[0]!.bytes);
  near.close();
  assertEquals(scene.passed, [far]);
  assertEquals(ascii(await readAll(far)), headerSamples[0]!.bytes);
});

const cutOff = headerSamples[0]!.bytes.subarray(0, 20);

const refusals: readonly { what: string; act(near: ByteStream, clock: ManualClock): unknown }[] = [
  { what: "no header", act: (near) => near.write(ascii("eyJhbGciOiJFZERTQSJ9")) },
  {
    what: "half a header and silence",
    act: async (near, clock) => {
      await near.write(cutOff);
      await settled();
      clock.advance(proxyHeaderTimeoutMs);
    },
  },
  { what: "no byte in time", act: (_, clock) => clock.advance(proxyHeaderTimeoutMs) },
  {
    what: "half a header and an end",
    act: async (near) => {
      await near.write(cutOff);
      near.close();
    },
  },
];

for (const { what, act } of refusals) {
  Deno.test(`proxied: a proxy's connection with ${what} is closed and reported`, async () => {
    const scene = new Scene();
    const { near, far } = await scene.connect();
    await settled();
    await act(near, scene.clock);
    await settled();
    assertEquals(scene.refused.map(({ remote }) => remote), [far.remote]);
    assertEquals([scene.passed, scene.clock.pending], [[], 0]);
    assertEquals(await readAll(near), "");
  });
}

Deno.test("proxied: a proxy may connect and close without a byte, as health checks do", async () => {
  const scene = new Scene();
  const { near } = await scene.connect();
  near.close();
  await settled();
  assertEquals([scene.passed, scene.refused, scene.clock.pending], [[], [], 0]);
});

Deno.test("proxied: when too many headers are awaited, the oldest connection is closed", async () => {
  const scene = new Scene();
  const connections: Ends[] = [];
  for (let count = 0; count <= proxyHeadersAwaitedMax; count++) {
    connections.push(await scene.connect());
  }
  await settled();
  assertEquals(scene.clock.pending, proxyHeadersAwaitedMax);
  assertEquals(await readAll(connections[0]!.near), "");
  await connections[1]!.near.write(headerSamples[0]!.bytes);
  await settled();
  assertEquals(scene.passed.length, 1);
  scene.proxied.close();
  await settled();
  assertEquals([scene.clock.pending, scene.refused], [0, []]);
});
