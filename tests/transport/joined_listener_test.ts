/**
 * Two listeners joined into one: both are served, and nothing stays open.
 */
import { assertEquals, assertRejects } from "@std/assert";
import type { ByteStream, Listener } from "../../src/transport/byte_stream.ts";
import { JoinedListener } from "../../src/transport/joined_listener.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { anyPort, settled } from "./streams.ts";

function joined() {
  const network = new MemoryNetwork();
  const [one, other] = [network.listen(anyPort), network.listen(anyPort)];
  const dial = ({ endpoint }: Listener) =>
    network.connect(endpoint, { signal: new AbortController().signal });
  const listener = new JoinedListener([one, other]);
  const acceptFrom = async () => (await listener.accept())?.local.port;
  return { one, other, dial, listener, acceptFrom };
}

Deno.test("joined: connections to either listener are accepted, queued or new", async () => {
  const { one, other, dial, listener, acceptFrom } = joined();
  assertEquals(listener.endpoint, one.endpoint);
  const waiting = acceptFrom();
  await dial(other);
  assertEquals(await waiting, other.endpoint.port);
  await dial(one);
  assertEquals(await acceptFrom(), one.endpoint.port);
  listener.close();
});

Deno.test("joined: a flood on one listener does not starve the other", async () => {
  const { one, other, dial, listener, acceptFrom } = joined();
  for (let count = 0; count < 20; count++) await dial(one);
  await dial(other);
  const ports = [await acceptFrom(), await acceptFrom(), await acceptFrom()];
  assertEquals(ports.includes(other.endpoint.port), true);
  listener.close();
});

Deno.test("joined: a failure of one is thrown once, and both are accepted from afterwards", async () => {
  const { one, other, dial } = joined();
  let failures = 1;
  const failing: Listener = {
    endpoint: one.endpoint,
    accept: () => failures-- > 0 ? Promise.reject(new Error("reset")) : one.accept(),
    close: () => one.close(),
  };
  const listener = new JoinedListener([failing, other]);
  await assertRejects(() => listener.accept(), Error, "reset");
  for (const from of [one, other]) {
    await dial(from);
    assertEquals((await listener.accept())?.local.port, from.endpoint.port);
  }
  listener.close();
});

Deno.test("joined: closing ends a wait, and closes queued connections", async () => {
  const { one, other, dial, listener } = joined();
  const near: ByteStream[] = [await dial(one), await dial(other)];
  (await listener.accept())?.close();
  await settled();
  listener.close();
  listener.close();
  assertEquals(await listener.accept(), null);
  for (const stream of near) assertEquals(await stream.read(new Uint8Array(1)), null);
  const { listener: silent } = joined();
  const waiting = silent.accept();
  silent.close();
  assertEquals(await waiting, null);
});
