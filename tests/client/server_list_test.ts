/** The servers of a ledger: which one is tried first, and what follows a failure. */
import { assertEquals, assertRejects } from "@std/assert";
import { greetServer } from "../../src/client/server_greeting.ts";
import { ServerList, type ServerRoute } from "../../src/client/server_list.ts";
import { ClosedError, ConnectError, TimeoutError, UntrustedError } from "../../src/errors.ts";
import { answerTimeoutMsDefault, serverConnectMsMax } from "../../src/limits.ts";
import type { Endpoint, Network } from "../../src/transport/byte_stream.ts";
import { yieldToEventLoop } from "../../src/yield_to_event_loop.ts";
import { ManualClock } from "../manual_clock.ts";
import { waitUntil } from "../server/wait_until.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";

const servers = ["a", "b", "c"].map((host) => ({ host, port: 8888 }));

/** Makes a list that draws these numbers. */
function listOf(
  servers: readonly Endpoint[],
  numbers: readonly number[] = [],
  addresses: Readonly<Record<string, readonly string[]>> = {},
): ServerList {
  const left = [...numbers];
  return new ServerList(servers, {
    clock: new ManualClock(),
    random: { bytes: () => Uint8Array.of(left.shift()!) },
    resolveHost: (host) => Promise.resolve(addresses[host] ?? [host]),
  });
}

/** Tries the servers, of which these answer. Returns which addresses were tried. */
async function tried(list: ServerList, answering: string): Promise<string> {
  const hosts: string[] = [];
  await list.connect(({ address: { host } }) => {
    hosts.push(host);
    const isThere = answering.split(" ").includes(host);
    return isThere ? Promise.resolve() : Promise.reject(new ClosedError("away"));
  }).catch((error) => {
    if (!(error instanceof ConnectError)) throw error;
  });
  return hosts.join(" ");
}

Deno.test("server list: a client starts at a random server", async () => {
  const starts = [0, 1, 2, 3, 255].map((number) => listOf(servers, [number]));
  const first = await Promise.all(starts.map((list) => tried(list, "a b c")));
  assertEquals(first, ["a", "b", "c", "a", "a"]);
});

Deno.test("server list: the next server is tried when one is away, and the one that answered stays the first", async () => {
  const list = listOf(servers, [1]);
  assertEquals(await tried(list, "a"), "b c a");
  assertEquals(await tried(list, "a b c"), "a");
  list.advance();
  assertEquals(await tried(list, "a b c"), "b");
  list.advance();
  assertEquals(await tried(list, "b"), "c a b");
});

Deno.test("server list: when all are away, the error names each with its last reason", async () => {
  const refused = new ConnectError("no server", { cause: new Error("Connection refused") });
  const late = new TimeoutError("nothing came in time");
  const errors = [refused, late, new ClosedError("it closed"), late];
  const error = await assertRejects(
    () => listOf(servers, [0]).connect(() => Promise.reject(errors.shift())),
    ConnectError,
  );
  assertEquals(
    error.message,
    "connect to one of 3 servers: a:8888 (Connection refused); b:8888 (nothing came in time); c:8888 (it closed)",
  );
});

Deno.test("server list: a server that is not to be trusted ends the attempt at once", async () => {
  const list = listOf(servers, [0]);
  let count = 0;
  await assertRejects(
    () =>
      list.connect(() => {
        count++;
        return Promise.reject(new UntrustedError("another ledger"));
      }),
    UntrustedError,
  );
  assertEquals(count, 1);
});

Deno.test("server list: one server is not drawn, and its own error is thrown", async () => {
  const list = listOf(servers.slice(0, 1));
  const error = new ConnectError("no server");
  await assertRejects(() => list.connect(() => Promise.reject(error)), ConnectError, "no server");
  assertEquals(await tried(list, "a"), "a");
});

const name = { host: "pay.example.org", port: 8888 };
const both = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"];

Deno.test("server list: each address of a name is tried, the families in the system's order, each from a random address on", async () => {
  const list = listOf([name], [1, 2], { [name.host]: both });
  assertEquals(await tried(list, ""), "2001:db8::2 2001:db8::1 192.0.2.3 192.0.2.1 192.0.2.2");
});

Deno.test("server list: the address that answered is tried first, and last when it is lost", async () => {
  const list = listOf([name], [0, 1, 1, 1, 1, 1, 0, 0], { [name.host]: both });
  assertEquals(await tried(list, "192.0.2.2"), "2001:db8::1 2001:db8::2 192.0.2.2");
  assertEquals(await tried(list, "192.0.2.2"), "192.0.2.2");
  list.advance();
  assertEquals(await tried(list, ""), "2001:db8::2 2001:db8::1 192.0.2.3 192.0.2.1 192.0.2.2");
});

Deno.test("server list: the addresses of a name come before the next server, and the error names them", async () => {
  const list = listOf([name, servers[0]!], [0, 0], { [name.host]: ["192.0.2.1", "192.0.2.2"] });
  const error = await assertRejects(
    () => list.connect(() => Promise.reject(new ClosedError("away"))),
    ConnectError,
  );
  assertEquals(
    error.message,
    "connect to one of 3 servers: pay.example.org:8888 at 192.0.2.1 (away); " +
      "pay.example.org:8888 at 192.0.2.2 (away); a:8888 (away)",
  );
});

Deno.test("server list: an address is no name, and is not looked up", async () => {
  const list = new ServerList([{ host: "192.0.2.1", port: 1 }], {
    clock: new ManualClock(),
    random: { bytes: () => Uint8Array.of() },
    resolveHost: () => Promise.reject(new Error("it was looked up")),
  });
  assertEquals(await tried(list, "192.0.2.1"), "192.0.2.1");
});

for (const count of [1, 2]) {
  const bound = count === 1 ? answerTimeoutMsDefault : serverConnectMsMax;
  Deno.test(`server list: with ${count} to try, an address that says nothing is given up after ${bound} ms`, async () => {
    const clock = new ManualClock();
    const startedMs: number[] = [];
    const network: Pick<Network, "connect"> = {
      connect: (_, { signal }) => {
        startedMs.push(clock.monotonicMs());
        return new Promise((_, reject) => {
          const giveUp = () => reject(new ConnectError("silence", { cause: signal.reason }));
          signal.addEventListener("abort", giveUp);
        });
      },
    };
    const list = listOf(servers.slice(0, count), [0]);
    const connecting = list.connect((address) =>
      greetServer(address, {
        ...{ network: network as Network, clock, timeoutMs: answerTimeoutMsDefault },
        resolveAnchor: () => Promise.reject(new Error("it greeted")),
      })
    );
    const failing = assertRejects(() => connecting, ConnectError);
    for (let step = 0; step < count; step++) {
      while (startedMs.length === step) await yieldToEventLoop();
      clock.advance(bound - 1);
      await yieldToEventLoop();
      assertEquals(startedMs.length, step + 1);
      clock.advance(1);
    }
    await failing;
    assertEquals(startedMs, [0, bound].slice(0, count));
    assertEquals(clock.pending, 0);
  });
}

Deno.test("server list: a server that accepts and is slow to greet is tried again when no other is left, and waited for", async () => {
  const list = listOf(servers, [0]);
  const tries: string[] = [];
  const connectTo = (answering: string) => ({ address: { host }, greetMsMax }: ServerRoute) => {
    tries.push(`${host} ${greetMsMax}`);
    if (host === "b") return Promise.reject(new ConnectError("no route"));
    const isThere = host === answering && greetMsMax === undefined;
    return isThere ? Promise.resolve() : Promise.reject(new TimeoutError("nothing came in time"));
  };
  await list.connect(connectTo("c"));
  const first = ["a 3000", "b 3000", "c 3000"];
  assertEquals(tries.splice(0), [...first, "a undefined", "c undefined"]);
  assertEquals(list.current, servers[2]);
  const error = await assertRejects(() => list.connect(connectTo("none")), ConnectError);
  assertEquals(
    error.message,
    "connect to one of 3 servers: c:8888 (nothing came in time); a:8888 (nothing came in time); b:8888 (no route)",
  );
});

Deno.test("server list: a server that accepts and says nothing is given up after 3 seconds, and after the whole time when it is the only one", async () => {
  for (const count of [1, 2]) {
    const clock = new ManualClock();
    const network = new MemoryNetwork();
    const silent = network.listen({ host: "127.0.0.1", port: 0 });
    const list = listOf(Array(count).fill(silent.endpoint), [0]);
    let tryCount = 0;
    const connecting = assertRejects(() =>
      list.connect((address) => {
        tryCount++;
        return greetServer(address, {
          ...{ network, clock, timeoutMs: answerTimeoutMsDefault },
          resolveAnchor: () => Promise.reject(new Error("it greeted")),
        });
      })
    );
    const bounds = [
      ...(count === 1 ? [] : [serverConnectMsMax, serverConnectMsMax, answerTimeoutMsDefault]),
      answerTimeoutMsDefault,
    ];
    for (const [at, boundMs] of bounds.entries()) {
      await waitUntil(() => tryCount === at + 1 && clock.delays.includes(boundMs));
      clock.advance(boundMs);
    }
    await connecting;
    assertEquals([tryCount, clock.pending], [bounds.length, 0]);
    silent.close();
  }
});

Deno.test("server list: a name whose addresses do not come in time is connected to as it is", async () => {
  const clock = new ManualClock();
  const list = new ServerList([name], {
    ...{ clock, random: { bytes: () => Uint8Array.of(0) } },
    resolveHost: () => new Promise(() => {}),
  });
  const trying = tried(list, name.host);
  while (clock.pending === 0) await yieldToEventLoop();
  clock.advance(serverConnectMsMax);
  assertEquals(await trying, name.host);
});
