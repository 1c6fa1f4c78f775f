/**
 * A server whose accepts fail. Without file descriptors it retries with pauses and serves its
 * members meanwhile. It accepts again when descriptors are free. Connections that were reset before
 * the accept delay no other connection.
 */
import { assert, assertEquals } from "@std/assert";
import { acceptPauseMsMin } from "../../src/limits.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { testWith } from "../installed_tool.ts";
import { ManualClock } from "../manual_clock.ts";
import { waitUntil } from "../server/wait_until.ts";
import { startServer, type TestServer } from "../server/test_server.ts";
import { isServed } from "./scene.ts";

/** As the runtime throws them: ENFILE has no code there. */
const exhausted = [
  Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" }),
  new Error("Too many open files in system (os error 23)"),
];

for (const error of exhausted) {
  Deno.test(`accepting: after failing five times with "${error.message}", the server accepts again, and it serves its members meanwhile`, async () => {
    const clock = new ManualClock(Date.now());
    let failures = 0;
    const real = new MemoryNetwork();
    const network: Network = {
      connect: (...given) => real.connect(...given),
      listen: (endpoint) => {
        const listener = real.listen(endpoint);
        const accept = () => {
          if (failures === 0) return listener.accept();
          failures--;
          return Promise.reject(error);
        };
        return { endpoint: listener.endpoint, accept, close: () => listener.close() };
      },
    };
    await using server = await startServer({ clock, network });
    const identity = await server.enroll("alice");
    failures = 5;
    // Was being waited for already; the next accept is the first to fail.
    const first = await server.link(identity);
    for (let count = 1, pauseMs = acceptPauseMsMin; count <= 5; count++, pauseMs *= 2) {
      await waitUntil(
        () => failures === 5 - count && clock.delays.includes(pauseMs),
        `pause ${count}`,
      );
      assert(await isServed(first));
      clock.advance(pauseMs);
    }
    assert(await isServed(await server.link(identity)));
    assertEquals(faultsOf(server).length, 1);
  });
}

/** Connects so often from 127.0.0.3 and resets each connection at once. */
const resetter = `
import socket, struct, sys
for _ in range(int(sys.argv[2])):
    one = socket.socket()
    one.bind(("127.0.0.3", 0))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.settimeout(1)
    try:
        one.connect(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        pass # The queue is full.
    one.close()
`;

/** @param connections fewer than the system queues for a listener */
function resetAtOnce(port: number, connections: number): void {
  const args = ["-c", resetter, String(port), String(connections)];
  // This keeps the server from accepting until all of them are reset.
  const { success } = new Deno.Command("python3", { args }).outputSync();
  assert(success);
}

if (Deno.build.os === "linux") {
  // On macOS 127.0.0.3 is no address of the machine.
  testWith(
    ["python3"],
    "accepting: after 100 connections that were reset at once a server serves the next one without a pause",
    async () => {
      // Time stands still: after a pause nobody would be served.
      await using server = await startServer({ clock: new ManualClock(Date.now()) });
      const identity = await server.enroll("alice");
      for (let round = 0; round < 3; round++) {
        resetAtOnce(server.endpoint.port, 100);
        assert(await isServed(await server.link(identity)));
      }
      assertEquals(faultsOf(server).map(({ attempt }) => attempt), ["accept a connection"]);
    },
  );
}

function faultsOf({ events }: TestServer) {
  return events.all.filter((event) => event.kind === "fault");
}
