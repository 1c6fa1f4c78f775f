/**
 * Lines to the wire: in order, in a bounded queue, and with deadlines.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClosedError } from "../../src/errors.ts";
import { lineBytesMax, sendQueueMessagesMax, writeTimeoutMs } from "../../src/limits.ts";
import { LineWriter } from "../../src/transport/line_writer.ts";
import { ManualClock } from "../manual_clock.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { anyPort, connectTo, readAll, settled } from "./streams.ts";

async function writerTo(pipeBytes = 1024 * 1024) {
  const network = new MemoryNetwork({ pipeBytes });
  const { near, far } = await connectTo(network, network.listen(anyPort));
  const clock = new ManualClock();
  return { near, far, clock, writer: new LineWriter(near, { clock }) };
}

const made = (line: string) => () => Promise.resolve(line);

Deno.test("lines are written in the order of the calls, however long each takes to make", async () => {
  const { near, far, writer, clock } = await writerTo();
  const slow = Promise.withResolvers<string>();
  const order: string[] = [];
  const note = (name: string, line: Promise<string>) => () => {
    order.push(name);
    return line;
  };
  const first = writer.write(note("first", slow.promise));
  const second = writer.write(note("second", Promise.resolve("2")));
  await settled();
  // Started at once and in order. A slow line does not keep the next from being made.
  assertEquals(order, ["first", "second"]);
  slow.resolve("1");
  await Promise.all([first, second]);
  near.close();
  assertEquals(await readAll(far), "1\n2\n");
  assertEquals(clock.pending, 0);
});

Deno.test("a full queue is allowed, and one more line closes the connection", async () => {
  const { far, writer } = await writerTo();
  const slow = Promise.withResolvers<string>();
  const waiting = Array.from(
    { length: sendQueueMessagesMax },
    () => writer.write(() => slow.promise),
  );
  const outcomes = Promise.allSettled(waiting);
  const error = await assertRejects(() => writer.write(made("one more")), ClosedError);
  assert(error.message.endsWith(`${sendQueueMessagesMax} messages wait and are not read`));
  assertEquals(await readAll(far), "");
  slow.resolve("late");
  for (const outcome of await outcomes) {
    assert(outcome.status === "rejected" && outcome.reason instanceof ClosedError);
  }
});

Deno.test("a failed line that nobody awaits does no harm", async () => {
  const { near, writer } = await writerTo();
  near.close();
  // An unhandled rejection would end the program.
  writer.write(made("lost"));
  writer.write(made("lost, too"));
  await writer.drain();
  writer.write(made("too late"));
  await settled();
  await assertRejects(() => writer.write(made("asked")), ClosedError);
});

Deno.test("there is room below half a queue of unmade lines, and always while the peer does not read", async () => {
  const { writer, far } = await writerTo(8);
  const slow = Promise.withResolvers<string>();
  let rooms = 0;
  const written: Promise<void>[] = [];
  for (; written.length < sendQueueMessagesMax / 2; rooms++) {
    await writer.waitForRoom();
    written.push(writer.write(() => slow.promise));
  }
  let isRoom = false;
  const room = writer.waitForRoom().then(() => isRoom = true);
  await settled();
  assertEquals([rooms, isRoom], [sendQueueMessagesMax / 2, false]);
  slow.resolve("more than eight bytes");
  await room;
  const outcomes = Promise.allSettled(written);
  far.close();
  await outcomes;
  await writer.waitForRoom();
});

Deno.test("made lines are written together, up to the length of the longest", async () => {
  const { near, far } = await writerTo();
  const sizes: number[] = [];
  const counted = {
    ...{ local: near.local, remote: near.remote },
    read: (buffer: Uint8Array<ArrayBuffer>) => near.read(buffer),
    close: () => near.close(),
    write: (bytes: Uint8Array) => {
      sizes.push(bytes.length);
      return near.write(bytes);
    },
  };
  const writer = new LineWriter(counted, { clock: new ManualClock() });
  const lengths = [lineBytesMax, 10, 20, lineBytesMax - 30, 1];
  await Promise.all(lengths.map((length) => writer.write(made("x".repeat(length)))));
  near.close();
  assertEquals(sizes, [lineBytesMax + 1, lineBytesMax + 3, 2]);
  assertEquals((await readAll(far)).split("\n").map(({ length }) => length), [...lengths, 0]);
});

Deno.test("after a failed line none is written and none is made", async () => {
  const { far, writer } = await writerTo(8);
  const first = writer.write(made("more than eight bytes"));
  const second = writer.write(made("second"));
  const outcomes = Promise.allSettled([first, second]);
  await settled();
  far.close();
  const fault = "a message before it could not be written";
  await assertRejects(() => second, ClosedError, fault);
  assertEquals((await outcomes).map(({ status }) => status), ["rejected", "rejected"]);
  let isMade = false;
  const third = writer.write(() => {
    isMade = true;
    return Promise.resolve("third");
  });
  await assertRejects(() => third, ClosedError, fault);
  assert(!isMade);
});

Deno.test("a full queue has room again after the peer reads", async () => {
  const { near, far, writer } = await writerTo();
  for (let round = 0; round < 2; round++) {
    await Promise.all(
      Array.from({ length: sendQueueMessagesMax }, (_, at) => writer.write(made(`${round}.${at}`))),
    );
  }
  near.close();
  assertEquals((await readAll(far)).split("\n").length, 2 * sendQueueMessagesMax + 1);
});

Deno.test("a peer that does not read is disconnected at the time-out, and not before", async () => {
  const { near, far, writer, clock } = await writerTo(8);
  const written = writer.write(made("more than eight bytes"));
  const rejected = assertRejects(() => written, ClosedError, "a message was not taken in time");
  await settled();
  assertEquals(clock.nextDelayMs, writeTimeoutMs);
  clock.advance(writeTimeoutMs - 1);
  await settled();
  assertEquals(clock.pending, 1);
  clock.advance(1);
  await rejected;
  assertEquals(await near.read(new Uint8Array(1)), null);
  assertEquals(await readAll(far), "more tha");
});

Deno.test("the time for making a line does not count against the reader", async () => {
  const { writer, clock, far } = await writerTo();
  const slow = Promise.withResolvers<string>();
  const written = writer.write(() => slow.promise);
  await settled();
  assertEquals(clock.pending, 0);
  slow.resolve("a");
  await written;
  far.close();
});

Deno.test("a line that cannot be made closes the connection, because the peer would miss it", async () => {
  const { far, writer } = await writerTo();
  class Failure extends Error {}
  const failed = writer.write(() => Promise.reject(new Failure()));
  const next = writer.write(made("next"));
  const outcomes = Promise.allSettled([failed, next]);
  await assertRejects(() => failed, Failure);
  await assertRejects(() => next, ClosedError);
  await outcomes;
  assertEquals(await readAll(far), "");
});

Deno.test("writing fails when the other side is gone", async () => {
  const { far, writer, clock } = await writerTo();
  far.close();
  await assertRejects(() => writer.write(made("a")), ClosedError);
  assertEquals(clock.pending, 0);
});

Deno.test("drain resolves when all lines are written, or cannot be", async () => {
  const { far, writer } = await writerTo(8);
  await writer.drain();
  const written = writer.write(made("0123456789"));
  let isDrained = false;
  const drained = writer.drain().then(() => isDrained = true);
  await settled();
  assert(!isDrained);
  const rejected = assertRejects(() => written, ClosedError);
  far.close();
  await drained;
  await rejected;
});
