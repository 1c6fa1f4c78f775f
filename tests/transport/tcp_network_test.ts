/**
 * Tests of TCP beyond the contract, on real sockets.
 */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ConnectError } from "../../src/errors.ts";
import { endpointText } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { succeeds } from "../command_succeeds.ts";
import { anyPort, readAll } from "./streams.ts";

Deno.test("a connection that arrives after its attempt was aborted is closed", async () => {
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

Deno.test("connecting to an unknown name fails", async () => {
  const { signal } = new AbortController();
  await assertRejects(
    () => tcpNetwork.connect({ host: "no such host", port: 1 }, { signal }),
    ConnectError,
    "connect to no such host:1: ",
  );
});

for (const port of [-1, 65_536, 1.5]) {
  Deno.test(`connecting to port ${port} fails`, async () => {
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
  Deno.test(`an endpoint is written as ${text}`, () => {
    assertEquals(endpointText(endpoint), text);
  });
}

async function hostsSeenBy(prefix: readonly string[]): Promise<unknown> {
  const child = new URL("./both_families_child.ts", import.meta.url).pathname;
  const run = [Deno.execPath(), "run", "--no-prompt", "--allow-net", "--quiet", child];
  const [program, ...args] = [...prefix, ...run];
  const { stdout } = await new Deno.Command(program!, { args }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const both = { from: ["127.0.0.1", "::1"], second: "taken" };

Deno.test("all addresses means both families on one port, and IPv4 is shown as IPv4", async () => {
  assertEquals(await hostsSeenBy([]), both);
});

const separate = ["unshare", "--net", "sh", "-c"];
const hasNamespaces = Deno.build.os === "linux" && Deno.uid() === 0 &&
  await succeeds([...separate, "ip link set lo up"]);

const systems: readonly { title: string; setting: string; seen: unknown }[] = [
  {
    title: "when an IPv6 socket does not accept IPv4, both families share a port too",
    setting: "bindv6only",
    seen: both,
  },
  {
    title: "when IPv6 is switched off, only IPv4 is served",
    setting: "conf/all/disable_ipv6",
    seen: { from: ["127.0.0.1", "nobody"], second: "taken" },
  },
];

for (const { title, setting, seen } of systems) {
  Deno.test({ name: title, ignore: !hasNamespaces }, async () => {
    const set = `ip link set lo up && echo 1 > /proc/sys/net/ipv6/${setting} && exec "$0" "$@"`;
    assertEquals(await hostsSeenBy([...separate, set]), seen);
  });
}

Deno.test("when the system has no IPv6, only IPv4 is served", () => {
  const listen = Deno.listen;
  const withoutIpv6 = (options: Deno.ListenOptions) => {
    if (!options.hostname?.includes(":")) return listen({ ...options, transport: "tcp" });
    // The error that Deno 2.4.2 and 2.9.6 throw.
    const text = "Address family not supported by protocol (os error 97)";
    throw Object.assign(new Error(text), { code: "EAFNOSUPPORT" });
  };
  Object.assign(Deno, { listen: withoutIpv6 });
  try {
    const listener = tcpNetwork.listen({ host: "::", port: 0 });
    assertEquals(listener.endpoint.host, "0.0.0.0");
    assertNotEquals(listener.endpoint.port, 0);
    listener.close();
  } finally {
    Object.assign(Deno, { listen });
  }
});
