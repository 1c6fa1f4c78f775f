/**
 * An acceptor keeps accepting after any number of failures, and leaves processor time to others.
 */
import { assert, assertEquals } from "@std/assert";
import { yieldToEventLoop } from "../../src/yield_to_event_loop.ts";
import {
  acceptFaultWindowMs,
  acceptPauseMsMax,
  acceptPauseMsMin,
  acceptsPerTurn,
} from "../../src/limits.ts";
import { isOutOfResources } from "../../src/transport/accept_fault.ts";
import { Acceptor } from "../../src/transport/acceptor.ts";
import type { ByteStream, Listener } from "../../src/transport/byte_stream.ts";
import { ManualClock } from "../manual_clock.ts";
import { anyPort, settled } from "./streams.ts";

type Step = "stream" | Error;

/** Errors as Deno 2.4.2 and 2.9.6 throw them. ENFILE and EPROTO have no code there. */
function systemError(code: string | undefined, message: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

const exhausted = systemError("EMFILE", "Too many open files (os error 24)");
const reset = systemError("ENOTCONN", "Transport endpoint is not connected (os error 107)");

const errors: readonly { error: Error; resources: boolean }[] = [
  { error: exhausted, resources: true },
  {
    error: systemError(undefined, "Too many open files in system (os error 23)"),
    resources: true,
  },
  { error: systemError("ENOBUFS", "No buffer space available (os error 105)"), resources: true },
  { error: systemError("ENOMEM", "Cannot allocate memory (os error 12)"), resources: true },
  { error: reset, resources: false },
  {
    error: systemError("ECONNABORTED", "Software caused connection abort (os error 103)"),
    resources: false,
  },
  { error: systemError(undefined, "Protocol error (os error 71)"), resources: false },
  { error: systemError("EPERM", "Operation not permitted (os error 1)"), resources: false },
  { error: systemError("EINVAL", "Invalid argument (os error 22)"), resources: false },
];

for (const { error, resources } of errors) {
  const verb = resources ? "is" : "is not";
  Deno.test(`an accept that fails with "${error.message}" ${verb} a reason to pause`, () => {
    assertEquals(isOutOfResources(error), resources);
  });
}

/** A listener that accepts or fails as scripted, then waits for its end. */
class ScriptedListener implements Listener {
  readonly endpoint = anyPort;
  accepts = 0;
  readonly #script: Step[];
  #next = 0;
  readonly #closed = Promise.withResolvers<null>();
  readonly #scriptEnded = Promise.withResolvers<void>();
  /** Resolves when an accept finds the script at its end. */
  readonly scriptEnded = this.#scriptEnded.promise;

  constructor(script: readonly Step[]) {
    this.#script = [...script];
  }

  accept(): Promise<ByteStream | null> {
    this.accepts++;
    // Shifting a long array would move all its elements.
    const step = this.#script[this.#next++];
    if (step === undefined) {
      this.#scriptEnded.resolve();
      return this.#closed.promise;
    }
    return step === "stream" ? Promise.resolve(stream) : Promise.reject(step);
  }

  close(): void {
    this.#script.length = 0;
    this.#closed.resolve(null);
  }
}

let closedStreams = 0;

const stream: ByteStream = {
  local: anyPort,
  remote: anyPort,
  read: () => Promise.resolve(null),
  write: () => Promise.resolve(),
  close: () => void closedStreams++,
};

function accepting(script: readonly Step[]) {
  closedStreams = 0;
  const clock = new ManualClock();
  const listener = new ScriptedListener(script);
  const faults: string[] = [];
  const accepted = Promise.withResolvers<void>();
  const counts = { streams: 0 };
  const acceptor = new Acceptor(listener, {
    clock,
    onStream: () => {
      counts.streams++;
      accepted.resolve();
    },
    onFault: ({ attempt }) => faults.push(attempt),
  });
  return { clock, listener, counts, faults, accepted: accepted.promise, acceptor };
}

/** The acceptor's current pause, whose timer comes after those of the fault windows. */
function pauseOf(clock: ManualClock): number | undefined {
  return clock.delays.at(-1);
}

Deno.test("without descriptors, the acceptor retries with pauses that double up to a limit", async () => {
  const { clock, counts, listener, acceptor } = accepting([...Array(9).fill(exhausted), "stream"]);
  const pauses: number[] = [];
  for (let failures = 1; failures <= 9; failures++) {
    await settled();
    assertEquals([counts.streams, listener.accepts], [0, failures]);
    pauses.push(pauseOf(clock)!);
    clock.advance(pauseOf(clock)!);
  }
  const doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256].map((factor) => factor * acceptPauseMsMin);
  assertEquals(pauses, doubled.map((pauseMs) => Math.min(pauseMs, acceptPauseMsMax)));
  await settled();
  assertEquals(counts.streams, 1);
  acceptor.close();
});

Deno.test("the acceptor does not accept during a pause", async () => {
  const { clock, listener, acceptor } = accepting([exhausted, "stream"]);
  await settled();
  clock.advance(acceptPauseMsMin - 1);
  await settled();
  assertEquals(listener.accepts, 1);
  clock.advance(1);
  await settled();
  assertEquals(listener.accepts, 3);
  acceptor.close();
});

Deno.test("an accepted or reset connection makes the next pause short again", async () => {
  for (const step of ["stream", reset] as const) {
    const { clock, acceptor } = accepting([exhausted, exhausted, step, exhausted]);
    for (const pauseMs of [acceptPauseMsMin, 2 * acceptPauseMsMin, acceptPauseMsMin]) {
      await settled();
      assertEquals(pauseOf(clock), pauseMs);
      clock.advance(pauseMs);
    }
    acceptor.close();
  }
});

Deno.test("after many reset connections, the next one is accepted at once", async () => {
  const { clock, accepted, counts, acceptor } = accepting([...Array(10_000).fill(reset), "stream"]);
  await accepted;
  assertEquals([counts.streams, clock.monotonicMs()], [1, 0]);
  acceptor.close();
});

Deno.test("a flood of connections, reset or not, does not starve other work", async () => {
  const connections = 50_000 * acceptsPerTurn;
  for (const step of ["stream", reset] as const) {
    // So many that the yields take longer than any single answer may.
    const { listener, acceptor } = accepting(Array(connections).fill(step));
    // An answer from another thread, which only this test waits for.
    await yieldToEventLoop();
    assert(listener.accepts < connections);
    acceptor.close();
    // The acceptor may be in a yield, which ends after this test otherwise.
    await listener.scriptEnded;
  }
});

Deno.test("the first failure of each kind is reported at once, and its repetitions once a window", async () => {
  const script = [...Array(5).fill(reset), exhausted, ...Array(2).fill(reset)];
  const { clock, faults, acceptor } = accepting(script);
  await settled();
  assertEquals(faults, ["accept a connection", "accept a connection"]);
  clock.advance(acceptPauseMsMin);
  await settled();
  assertEquals(faults.length, 2);
  clock.advance(acceptFaultWindowMs);
  assertEquals(faults.slice(2), ["accept 6 more connections within 10 s"]);
  acceptor.close();
  assertEquals(faults.length, 3);
});

Deno.test("closing reports the failures that were not reported yet", async () => {
  const { faults, acceptor } = accepting([reset, reset]);
  await settled();
  acceptor.close();
  assertEquals(faults.slice(1), ["accept 1 more connections within 10 s"]);
});

Deno.test("closing during a pause leaves no timer", async () => {
  const { clock, listener, acceptor } = accepting([exhausted, "stream"]);
  await settled();
  acceptor.close();
  await settled();
  assertEquals([clock.pending, listener.accepts], [0, 2]);
});

Deno.test("a connection that arrives just when the acceptor is closed is closed and not passed on", async () => {
  const { counts, acceptor } = accepting(["stream"]);
  acceptor.close();
  await settled();
  assertEquals([counts.streams, closedStreams], [0, 1]);
});

for (const error of [reset, exhausted]) {
  Deno.test(`an accept that fails with "${error.message}" just when the acceptor is closed leaves no timer`, async () => {
    const { clock, acceptor } = accepting([error]);
    acceptor.close();
    await settled();
    assertEquals(clock.pending, 0);
  });
}
