/**
 * What TCP has of its own, on real sockets.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectError } from "../../src/errors.ts";
import { endpointText } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { anyPort, readAll } from "./streams.ts";

Deno.test("a connection that is given up on the way is closed when it comes about", async () => {
  const listener = tcpNetwork.listen(anyPort);
  const controller = new AbortController();
  const connecting = tcpNetwork.connect(listener.endpoint, { signal: controller.signal });
  controller.abort();
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(error.message, `connect to ${endpointText(listener.endpoint)}: no answer in time`);
  const far = await listener.accept();
  assertEquals(await readAll(far!), "");
  far!.close();
  listener.close();
});

Deno.test("a name that does not exist is no way to connect", async () => {
  const { signal } = new AbortController();
  await assertRejects(
    () => tcpNetwork.connect({ host: "no such host", port: 1 }, { signal }),
    ConnectError,
    "connect to no such host:1: ",
  );
});

for (const port of [-1, 65_536, 1.5]) {
  Deno.test(`a port of ${port} is no way to connect`, async () => {
    const { signal } = new AbortController();
    await assertRejects(
      () => tcpNetwork.connect({ host: "127.0.0.1", port }, { signal }),
      ConnectError,
    );
  });
}

const texts = [
  { host: "127.0.0.1", port: 8888, text: "127.0.0.1:8888" },
  { host: "::1", port: 8888, text: "[::1]:8888" },
  { host: "localhost", port: 1, text: "localhost:1" },
];

for (const { text, ...endpoint } of texts) {
  Deno.test(`${text} is how an endpoint is written`, () => {
    assertEquals(endpointText(endpoint), text);
  });
}
