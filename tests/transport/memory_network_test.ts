/**
 * Tests of the in-memory network beyond the contract: several machines, a bounded backlog, a fixed
 * order.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ConnectError } from "../../src/errors.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { MemoryPipe } from "./memory_pipe.ts";
import { anyPort, ascii, connectTo, readAll, settled } from "./streams.ts";

const { signal } = new AbortController();

Deno.test("machines reach each other by address, and themselves by loopback", async () => {
  const server = new MemoryNetwork({}, "10.0.0.1");
  const client = server.machine("10.0.0.2");
  const listener = server.listen({ host: "0.0.0.0", port: 8888 });
  const stream = await client.connect({ host: "10.0.0.1", port: 8888 }, { signal });
  assertEquals(stream.local.host, "10.0.0.2");
  assertEquals((await listener.accept())!.remote.host, "10.0.0.2");
  await server.connect({ host: "localhost", port: 8888 }, { signal });
  await assertRejects(
    () => client.connect({ host: "127.0.0.1", port: 8888 }, { signal }),
    ConnectError,
  );
});

Deno.test("two machines listen on the same port, one machine does not", () => {
  const one = new MemoryNetwork({}, "10.0.0.1");
  one.listen({ host: "0.0.0.0", port: 1 });
  one.machine("10.0.0.2").listen({ host: "0.0.0.0", port: 1 });
  let refused = false;
  try {
    one.listen({ host: "10.0.0.1", port: 1 });
  } catch {
    refused = true;
  }
  assert(refused);
});

Deno.test("with a full backlog a connection waits until one is accepted or it is aborted", async () => {
  const network = new MemoryNetwork({ backlog: 1 });
  const listener = network.listen(anyPort);
  await network.connect(listener.endpoint, { signal });
  const controller = new AbortController();
  const given = network.connect(listener.endpoint, controller);
  let isConnected = false;
  const patient = network.connect(listener.endpoint, { signal }).then(() => isConnected = true);
  await settled();
  controller.abort();
  await assertRejects(() => given, ConnectError, "no answer in time");
  assert(!isConnected);
  await listener.accept();
  await patient;
});

Deno.test("a closing listener refuses waiting connections and resets queued ones", async () => {
  const network = new MemoryNetwork({ backlog: 1 });
  const listener = network.listen(anyPort);
  const unaccepted = await network.connect(listener.endpoint, { signal });
  const waiting = network.connect(listener.endpoint, { signal });
  await settled();
  listener.close();
  await assertRejects(() => waiting, ConnectError, "connection refused");
  assertEquals(await unaccepted.read(new Uint8Array(1)), null);
});

Deno.test("a pipe holds its limit and not a byte more", async () => {
  const pipe = new MemoryPipe(4);
  assert(await pipe.write(ascii("abcd")));
  let isTaken = false;
  const written = pipe.write(ascii("e")).then(() => isTaken = true);
  await settled();
  assertEquals([pipe.held, isTaken], [4, false]);
  assertEquals(await pipe.read(new Uint8Array(1)), 1);
  await written;
  assertEquals(pipe.held, 4);
});

Deno.test("property: the bytes arrive as written, in any pieces", async () => {
  const sizes = fc.array(fc.nat(20), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 7 }), async (writes, pipeBytes) => {
      const network = new MemoryNetwork({ pipeBytes });
      const { near, far } = await connectTo(network, network.listen(anyPort));
      let next = 0;
      const texts = writes.map((size) =>
        Array.from({ length: size }, () => String.fromCharCode(97 + next++ % 26)).join("")
      );
      // All at once, because two writes never mix.
      const written = Promise.all(texts.map((text) => near.write(ascii(text))));
      const read = readAll(far);
      await written;
      near.close();
      assertEquals(await read, texts.join(""));
    }),
    { numRuns: 200 },
  );
});
