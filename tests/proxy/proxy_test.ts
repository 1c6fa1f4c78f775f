/**
 * A server behind a proxy that sends PROXY headers: a small one of the tests, and HAProxy with the
 * configuration of `examples/`.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { ServerLink } from "../../src/client/server_link.ts";
import { ClosedError } from "../../src/errors.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import type { ServerEvent } from "../../src/server/server_event.ts";
import { parseAddressRange } from "../../src/transport/address_range.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import type { GreetedConnection } from "../../src/transport/connect_channel.ts";
import { testWith } from "../installed_tool.ts";
import { named, startServer, type TestServer } from "../server/test_server.ts";
import { headerSamples } from "../transport/proxy_header_samples.ts";
import { checkHaproxy, Haproxy } from "./haproxy.ts";
import { SendingProxy } from "./sending_proxy.ts";

const loopback = parseAddressRange("127.0.0.0/8")!;
const elsewhere = parseAddressRange("192.0.2.0/24")!;

/** The network of a client that reaches every server through this port. */
function through(port: number): Network {
  return {
    listen: tcpNetwork.listen,
    connect: (endpoint, options) => tcpNetwork.connect({ ...endpoint, port }, options),
  };
}

function isKind(kind: ServerEvent["kind"]) {
  return (event: ServerEvent) => event.kind === kind;
}

async function logIn(server: TestServer, name: string, proxyPort: number) {
  const identity = await server.enroll(name);
  const link = await server.link(identity, await server.connect(through(proxyPort)));
  const outcome = await link.ask(loginRequestType, { name: named(name), port: 4711 });
  return { link, outcome };
}

for (const { name, bytes, client } of headerSamples.filter(({ client }) => client)) {
  Deno.test(`proxy: behind a header of ${name}, a member is online at its own address`, async () => {
    await using server = await startServer({ proxies: [loopback] });
    await using proxy = new SendingProxy(server.endpoint.port, bytes);
    const { outcome } = await logIn(server, "alice", proxy.port);
    assertEquals(outcome.outcome, "answered");
    const presence = await server.ledger.presence(named("alice"));
    assertEquals([presence?.host, presence?.publicPort], [client!.host, client!.port]);
    for (const kind of ["connected", "message"] as const) {
      const event = await server.events.until(isKind(kind));
      assertEquals("remote" in event && event.remote, client!);
    }
  });
}

Deno.test("proxy: a header from an address that is no proxy is a bad first line", async () => {
  await using server = await startServer({ proxies: [elsewhere] });
  await using proxy = new SendingProxy(server.endpoint.port, headerSamples[0]!.bytes);
  const link = await server.link(
    await server.enroll("alice"),
    await server.connect(through(proxy.port)),
  );
  await assertRejects(
    () => link.ask(loginRequestType, { name: named("alice"), port: 1 }),
    ClosedError,
  );
  const refused = await server.events.until(isKind("line_refused"));
  assertEquals("remote" in refused && refused.remote?.host, "127.0.0.1");
});

Deno.test("proxy: a proxy's connection without a header is refused, and the log says why", async () => {
  await using server = await startServer({ proxies: [loopback] });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.endpoint.port });
  await connection.write(new TextEncoder().encode("eyJ"));
  assertEquals(await connection.read(new Uint8Array(1)), null);
  const refused = await server.events.until(isKind("line_refused"));
  assertEquals(refused, {
    kind: "line_refused",
    remote: { host: "127.0.0.1", port: connection.localAddr.port },
    reason: "it does not begin with a PROXY header",
  });
  assertEquals(server.events.all.some(isKind("connected")), false);
});

Deno.test("proxy: a health check gets the greeting, and no line in the log", async () => {
  await using server = await startServer({ proxies: [loopback] });
  const check = headerSamples.find(({ name }) =>
    name === "version 2, a health check of the proxy"
  )!;
  await using proxy = new SendingProxy(server.endpoint.port, check.bytes);
  const connection = await server.connect(through(proxy.port));
  connection.close();
  await server.server.stop();
  const kinds = server.events.all.map(({ kind }) => kind);
  assertEquals(kinds, ["listening", "expiry", "stopping", "stopped"]);
});

testWith(["haproxy"], "proxy: HAProxy accepts the configuration in examples/", async () => {
  const text = await Deno.readTextFile(new URL("../../examples/haproxy.cfg", import.meta.url));
  assertEquals(await checkHaproxy(text), { code: 0, said: "Configuration file is valid\n" });
  const { code, said } = await checkHaproxy(text.replace("balance ", "balances "));
  assertEquals(code, 1);
  assertStringIncludes(said, "unknown keyword 'balances'");
});

/** Connects again while HAProxy closes connections, because it has not noticed a lost server. */
async function connectUntilGreeted(server: TestServer, port: number): Promise<GreetedConnection> {
  for (;;) {
    try {
      return await server.connect(through(port));
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Returns the port of this end of a member's connection. */
function ownPort({ channel }: ServerLink): number {
  return channel.local.port;
}

testWith(
  ["haproxy"],
  "proxy: behind HAProxy with that configuration, members are served with their own addresses, also when a server is down",
  async () => {
    await using server = await startServer({ proxies: [loopback] });
    const gone = await startServer({ authority: server.authority, proxies: [loopback] });
    await using haproxy = await Haproxy.start([server.endpoint.port, gone.endpoint.port]);
    await gone.server.stop();
    for (const name of ["alice", "bob"]) {
      const connection = await connectUntilGreeted(server, haproxy.port);
      const link = await server.link(await server.enroll(name), connection);
      const outcome = await link.ask(loginRequestType, { name: named(name), port: 4711 });
      assertEquals(outcome.outcome, "answered");
      const presence = await server.ledger.presence(named(name));
      assertEquals([presence?.host, presence?.publicPort], ["127.0.0.1", ownPort(link)]);
    }
  },
);
