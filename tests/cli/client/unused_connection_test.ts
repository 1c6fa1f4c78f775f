/** A connection that nothing was said on yet. */
import { assertEquals, assertRejects } from "@std/assert";
import { UnusedConnection } from "../../../src/cli/client/unused_connection.ts";
import { ClosedError } from "../../../src/errors.ts";
import { acceptChannel } from "../../../src/transport/accept_channel.ts";
import { receiveGreeting } from "../../../src/transport/connect_channel.ts";
import { acceptOptions, greetingOptions, stillClock } from "../../transport/channel_fixture.ts";
import { MemoryNetwork } from "../../transport/memory_network.ts";
import { anyPort, connectTo, settled } from "../../transport/streams.ts";

Deno.test("a connection that is being opened when it is not wanted any more is closed", async () => {
  const network = new MemoryNetwork();
  const listener = network.listen(anyPort);
  const { near, far } = await connectTo(network, listener);
  const unused = new UnusedConnection(() => receiveGreeting(near, greetingOptions()), stillClock);
  const getting = assertRejects(() => unused.get(), ClosedError);
  unused.close();
  let isOver = false;
  const accepting = acceptChannel(far, acceptOptions()).finally(() => isOver = true);
  await getting;
  await settled();
  assertEquals(isOver, true);
  assertEquals(await accepting, undefined);
  listener.close();
});
