/**
 * Endless lines, bytes that come one by one, and a gigabyte in one line. The connection closes
 * within the limit, and memory is bounded.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClosedError } from "../../src/errors.ts";
import {
  firstMessageTimeoutMs,
  lineBytesMax,
  lineTimeoutMs,
  strangersMax,
  strangersOfAddressMax,
} from "../../src/limits.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { waitUntil } from "../server/wait_until.ts";
import { startServer } from "../server/test_server.ts";
import { bytesOf, isServed, Scene } from "./scene.ts";

/** As many strangers as there may be, of as many addresses as that takes. */
async function fill(scene: Scene): Promise<ByteStream[]> {
  const hosts = Array.from(
    { length: strangersMax },
    (_, at) => `198.51.100.${Math.floor(at / strangersOfAddressMax)}`,
  );
  return await Promise.all(hosts.map((host) => scene.dial(host)));
}

Deno.test("slow: a full pool of strangers that send a byte every 10 s is closed in time, and others are served", async () => {
  await using scene = await Scene.open();
  const { clock } = scene;
  const bob = await scene.link(await scene.server.enroll("bob"), "192.0.2.7");
  assert(await isServed(bob));
  const slow = await fill(scene);
  const lines = () => clock.delays.filter((delayMs) => delayMs === lineTimeoutMs).length;
  for (const stream of slow) await stream.write(bytesOf("e"));
  await waitUntil(() => lines() === slow.length, "every line to begin");
  for (let seconds = 10; seconds < lineTimeoutMs / 1000; seconds += 10) {
    clock.advance(10_000);
    for (const stream of slow) await stream.write(bytesOf("y"));
    assert(await isServed(bob));
  }
  clock.advance(10_000 - 1);
  assertEquals(scene.count("line_refused"), 0);
  clock.advance(1);
  await waitUntil(() => scene.count("line_refused") === slow.length, "all of them to be closed");
  assert(await isServed(bob));
});

Deno.test("slow: connections that never send are closed when the time for the first message is over, and not before", async () => {
  await using scene = await Scene.open();
  const { clock } = scene;
  const silent = await Promise.all(
    Array.from({ length: strangersOfAddressMax / 2 }, () => scene.dial()),
  );
  const waiting = () => clock.delays.filter((delayMs) => delayMs === firstMessageTimeoutMs).length;
  await waitUntil(() => waiting() === silent.length, "the server to wait for each");
  clock.advance(firstMessageTimeoutMs - 1);
  assertEquals(scene.count("line_refused"), 0);
  clock.advance(1);
  await waitUntil(() => scene.count("line_refused") === silent.length, "all of them to be closed");
  const bob = await scene.link(await scene.server.enroll("bob"), "192.0.2.7");
  assert(await isServed(bob));
});

Deno.test("slow: of a line of 1 GB the server reads hardly more than the longest line", async () => {
  await using scene = await Scene.open();
  const { stream } = await scene.greet();
  let taken = 0;
  const chunk = new Uint8Array(64 * 1024).fill(0x41);
  await assertRejects(async () => {
    while (taken < 2 ** 30) {
      await stream.write(chunk);
      taken += chunk.length;
    }
  }, ClosedError);
  // A line, what the pipe holds, and what was being written.
  assert(taken <= lineBytesMax + 3 * chunk.length, `${taken} bytes`);
  await waitUntil(() => scene.count("line_refused") === 1);
});

Deno.test("slow: lines of 1 GB over TCP do not grow the server's memory", async () => {
  await using server = await startServer();
  const signal = new AbortController().signal;
  const chunk = new Uint8Array(256 * 1024).fill(0x41);
  const before = Deno.memoryUsage();
  await Promise.all(Array.from({ length: 10 }, async () => {
    const stream = await tcpNetwork.connect(server.endpoint, { signal });
    let taken = 0;
    try {
      for (; taken < 2 ** 30; taken += chunk.length) await stream.write(chunk);
    } catch (error) {
      assert(error instanceof ClosedError);
    }
    // What the two sockets hold is the system's; none of it is a GB.
    assert(taken < 64 * 1024 * 1024, `${taken} bytes`);
  }));
  const after = Deno.memoryUsage();
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  assert(grown < 32 * 1024 * 1024, `${grown} bytes more`);
});
