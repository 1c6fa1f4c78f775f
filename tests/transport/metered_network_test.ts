/**
 * The metered network counts every byte once, in both directions, for both kinds of connections.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { ClosedError } from "../../src/errors.ts";
import { MeteredNetwork } from "../../src/transport/metered_network.ts";
import { MemoryNetwork } from "./memory_network.ts";
import { anyPort, ascii, connectTo, readAll } from "./streams.ts";

Deno.test("the bytes of all connections are counted together", async () => {
  const network = new MemoryNetwork();
  const metered = new MeteredNetwork(network);
  const mine = await connectTo(metered, network.listen(anyPort));
  const listener = metered.listen(anyPort);
  const theirs = await connectTo(network, listener);
  await mine.near.write(ascii("12345"));
  await theirs.near.write(ascii("123"));
  await theirs.far.write(ascii("1"));
  theirs.near.close();
  assertEquals(await readAll(theirs.far), "123");
  assertEquals([metered.bytesWritten, metered.bytesRead], [6, 3]);
  assertEquals(mine.near.remote, mine.far.local);
  mine.near.close();
  assertEquals(await readAll(mine.far), "12345");
  listener.close();
  assertEquals(await listener.accept(), null);
});

Deno.test("bytes that could not be written are not counted", async () => {
  const network = new MemoryNetwork();
  const metered = new MeteredNetwork(network);
  const { near } = await connectTo(metered, network.listen(anyPort));
  near.close();
  await assertRejects(() => near.write(ascii("12345")), ClosedError);
  assertEquals(await near.read(new Uint8Array(1)), null);
  assertEquals([metered.bytesWritten, metered.bytesRead], [0, 0]);
});
