/** The servers of a ledger: which one is tried first, and what follows a failure. */
import { assertEquals, assertRejects } from "@std/assert";
import { ServerList } from "../../src/client/server_list.ts";
import { ClosedError, ConnectError, TimeoutError, UntrustedError } from "../../src/errors.ts";
import type { Random } from "../../src/random.ts";

const servers = ["a", "b", "c"].map((host) => ({ host, port: 8888 }));

/** Draws this number once. */
function drawing(number: number): Random {
  return { bytes: () => Uint8Array.of(number) };
}

/** Tries the servers, of which these answer. Returns which ones were tried. */
async function tried(list: ServerList, answering: string): Promise<string> {
  let hosts = "";
  await list.connect(({ host }) => {
    hosts += host;
    return answering.includes(host) ? Promise.resolve() : Promise.reject(new ClosedError("away"));
  }).catch((error) => {
    if (!(error instanceof ConnectError)) throw error;
  });
  return hosts;
}

Deno.test("server list: a client starts at a random server", async () => {
  const starts = [0, 1, 2, 3, 255].map((number) => new ServerList(servers, drawing(number)));
  const first = await Promise.all(starts.map((list) => tried(list, "abc")));
  assertEquals(first, ["a", "b", "c", "a", "a"]);
});

Deno.test("server list: the next server is tried when one is away, and the one that answered stays the first", async () => {
  const list = new ServerList(servers, drawing(1));
  assertEquals(await tried(list, "a"), "bca");
  assertEquals(await tried(list, "abc"), "a");
  list.advance();
  assertEquals(await tried(list, "abc"), "b");
  list.advance();
  assertEquals(await tried(list, "b"), "cab");
});

Deno.test("server list: when all are away, each was tried once, and the error names each with its reason", async () => {
  const refused = new ConnectError("no server", { cause: new Error("Connection refused") });
  const errors = [refused, new TimeoutError("nothing came in time"), new ClosedError("it closed")];
  const error = await assertRejects(
    () => new ServerList(servers, drawing(0)).connect(() => Promise.reject(errors.shift())),
    ConnectError,
  );
  assertEquals(
    error.message,
    "connect to one of 3 servers: a:8888 (Connection refused); b:8888 (nothing came in time); c:8888 (it closed)",
  );
});

Deno.test("server list: a server that is not to be trusted ends the attempt at once", async () => {
  const list = new ServerList(servers, drawing(0));
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
  const list = new ServerList(servers.slice(0, 1), { bytes: () => Uint8Array.of() });
  const error = new ConnectError("no server");
  await assertRejects(() => list.connect(() => Promise.reject(error)), ConnectError, "no server");
  assertEquals(await tried(list, "a"), "a");
});
