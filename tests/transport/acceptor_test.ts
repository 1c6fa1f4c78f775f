/**
 * Accepting goes on: after a failure, after many, at a pace that leaves the machine alone.
 */
import { assertEquals } from "@std/assert";
import { acceptPauseMsMax, acceptPauseMsMin } from "../../src/limits.ts";
import { Acceptor } from "../../src/transport/acceptor.ts";
import type { ByteStream, Listener } from "../../src/transport/byte_stream.ts";
import { ManualClock } from "../manual_clock.ts";
import { anyPort, settled } from "./streams.ts";

type Step = "stream" | "fails";

/** A listener that accepts or fails as told, then waits for its end. */
class ScriptedListener implements Listener {
  readonly endpoint = anyPort;
  accepts = 0;
  readonly #script: Step[];
  readonly #closed = Promise.withResolvers<null>();

  constructor(script: readonly Step[]) {
    this.#script = [...script];
  }

  accept(): Promise<ByteStream | null> {
    this.accepts++;
    const step = this.#script.shift();
    if (step === "fails") return Promise.reject(new Error("Too many open files (os error 24)"));
    return step === "stream" ? Promise.resolve(stream) : this.#closed.promise;
  }

  close(): void {
    this.#script.length = 0;
    this.#closed.resolve(null);
  }
}

const stream: ByteStream = {
  local: anyPort,
  remote: anyPort,
  read: () => Promise.resolve(null),
  write: () => Promise.resolve(),
  close: () => {},
};

function accepting(script: readonly Step[]) {
  const clock = new ManualClock();
  const listener = new ScriptedListener(script);
  const counts = { streams: 0, faults: 0 };
  const acceptor = new Acceptor(listener, {
    clock,
    onStream: () => counts.streams++,
    onFault: () => counts.faults++,
  });
  return { clock, listener, counts, acceptor };
}

Deno.test("after a failed accept the next one is tried, with pauses that double up to a limit", async () => {
  const { clock, counts, acceptor } = accepting([...Array(9).fill("fails"), "stream"]);
  const pauses: (number | undefined)[] = [];
  for (let failures = 1; failures <= 9; failures++) {
    await settled();
    assertEquals(counts, { streams: 0, faults: failures });
    pauses.push(clock.nextDelayMs);
    clock.advance(clock.nextDelayMs!);
  }
  const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((factor) => factor * acceptPauseMsMin);
  assertEquals(pauses, doubled.map((pauseMs) => Math.min(pauseMs, acceptPauseMsMax)));
  await settled();
  assertEquals(counts, { streams: 1, faults: 9 });
  acceptor.close();
});

Deno.test("nothing is tried during a pause", async () => {
  const { clock, listener, acceptor } = accepting(["fails", "stream"]);
  await settled();
  clock.advance(acceptPauseMsMin - 1);
  await settled();
  assertEquals(listener.accepts, 1);
  clock.advance(1);
  await settled();
  assertEquals(listener.accepts, 3);
  acceptor.close();
});

Deno.test("a connection that was accepted makes the next pause short again", async () => {
  const { clock, acceptor } = accepting(["fails", "fails", "stream", "fails"]);
  for (const pauseMs of [acceptPauseMsMin, 2 * acceptPauseMsMin, acceptPauseMsMin]) {
    await settled();
    assertEquals(clock.nextDelayMs, pauseMs);
    clock.advance(pauseMs);
  }
  acceptor.close();
});

Deno.test("closing during a pause leaves no timer behind", async () => {
  const { clock, listener, acceptor } = accepting(["fails", "stream"]);
  await settled();
  acceptor.close();
  await settled();
  assertEquals([clock.pending, listener.accepts], [0, 2]);
});
