/**
 * A server that has no file descriptors left: accepting is tried again with pauses, those who are there are served meanwhile, and when
 * there are descriptors again the next is served.
 */
import { assert, assertEquals } from "@std/assert";
import { acceptPauseMsMin } from "../../src/limits.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { ManualClock } from "../manual_clock.ts";
import { soon } from "../server/soon.ts";
import { startServer } from "../server/test_server.ts";
import { isServed } from "./scene.ts";

for (const code of ["EMFILE", "ENFILE"]) {
  Deno.test(`accepting: after five times ${code} the server accepts again, and who was connected was served meanwhile`, async () => {
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
          return Promise.reject(Object.assign(new Error("too many open files"), { code }));
        };
        return { endpoint: listener.endpoint, accept, close: () => listener.close() };
      },
    };
    await using server = await startServer({ clock, network });
    const identity = await server.enroll("alice");
    const faults = () => server.events.all.filter(({ kind }) => kind === "fault").length;
    failures = 5;
    // Was being waited for already; the next accept is the first to fail.
    const first = await server.link(identity);
    for (let count = 1, pauseMs = acceptPauseMsMin; count <= 5; count++, pauseMs *= 2) {
      await soon(() => faults() === count && clock.delays.includes(pauseMs), `pause ${count}`);
      assert(await isServed(first));
      clock.advance(pauseMs);
    }
    assert(await isServed(await server.link(identity)));
    assertEquals(faults(), 5);
  });
}
