/**
 * The contract of every network (`src/transport/byte_stream.ts`): in memory, over TCP, and
 * simulated.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { ClosedError, ConnectError, ListenError } from "../../src/errors.ts";
import { endpointText, type Network } from "../../src/transport/byte_stream.ts";
import { Dice } from "../simulation/dice.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import { SimulatedMachine, SimulatedProcess } from "../simulation/simulated_process.ts";
import { Timeline } from "../simulation/timeline.ts";
import { anyPort, ascii, connectTo, networks, readAll, withEnds } from "./streams.ts";

const never = new AbortController().signal;

type Use = (network: Network) => void | Promise<void>;

/** Sets up each kind of network. */
const kinds: Readonly<Record<string, (use: Use) => void | Promise<void>>> = {
  ...Object.fromEntries(networks.map(({ kind, make }) => [kind, (use: Use) => use(make())])),
  "in a simulation": async (use) => {
    const timeline = new Timeline({ endMs: 3_600_000 });
    const machine = new SimulatedMachine(anyPort.host, timeline);
    const network = new SimulatedNetwork({ timeline, dice: new Dice(1) });
    network.add(machine);
    const whole = async () => await use(network.of(new SimulatedProcess(machine)));
    await timeline.until(whole());
  },
};

function everyNetwork(title: string, use: Use): void {
  for (const [kind, run] of Object.entries(kinds)) Deno.test(`${kind}: ${title}`, () => run(use));
}

everyNetwork("written bytes are read in order, both ways", async (network) => {
  await withEnds(network, async ({ near, far }) => {
    await near.write(ascii("one "));
    await near.write(ascii("two"));
    await far.write(ascii("three"));
    near.close();
    assertEquals(await readAll(far), "one two");
    far.close();
  });
});

everyNetwork("a read returns the received bytes, at most a buffer full", async (network) => {
  await withEnds(network, async ({ near, far }) => {
    await near.write(ascii("abcde"));
    const buffer = new Uint8Array(2);
    const sizes = [await far.read(buffer), await far.read(buffer), await far.read(buffer)];
    assertEquals(sizes, [2, 2, 1]);
  });
});

everyNetwork("both ends know both endpoints", async (network) => {
  await withEnds(network, ({ near, far }) => {
    assertEquals(near.local, far.remote);
    assertEquals(far.local, near.remote);
    assertNotEquals(near.local.port, near.remote.port);
    return Promise.resolve();
  });
});

everyNetwork(
  "bytes written before a close still arrive, then the end, repeatedly",
  async (network) => {
    await withEnds(network, async ({ near, far }) => {
      await near.write(ascii("last words"));
      near.close();
      assertEquals(await readAll(far), "last words");
      assertEquals(await far.read(new Uint8Array(1)), null);
    });
  },
);

everyNetwork("a waiting read ends when the other side closes", async (network) => {
  await withEnds(network, async ({ near, far }) => {
    const waiting = far.read(new Uint8Array(1));
    near.close();
    assertEquals(await waiting, null);
  });
});

everyNetwork("a waiting read ends when its own side closes", async (network) => {
  await withEnds(network, async ({ far }) => {
    const waiting = far.read(new Uint8Array(1));
    far.close();
    far.close();
    assertEquals(await waiting, null);
    assertEquals(await far.read(new Uint8Array(1)), null);
  });
});

everyNetwork("a write after closing is refused", async (network) => {
  await withEnds(network, async ({ near }) => {
    near.close();
    const error = await assertRejects(() => near.write(ascii("late")), ClosedError);
    assertEquals(
      error.message,
      `write to ${endpointText(near.remote)}: the connection is closed`,
    );
  });
});

everyNetwork("a write to a closed side is refused at some time", async (network) => {
  await withEnds(network, async ({ near, far }) => {
    far.close();
    // TCP notices this after the first write. Then the second end has nothing to read either.
    await assertRejects(async () => {
      for (;;) await near.write(new Uint8Array(1024));
    }, ClosedError);
    assertEquals(await near.read(new Uint8Array(1)), null);
  });
});

everyNetwork(
  "a connection that breaks with unread bytes ends like any other",
  async (network) => {
    await withEnds(network, async ({ near, far }) => {
      await near.write(ascii("never read"));
      await far.read(new Uint8Array(1));
      const waiting = near.read(new Uint8Array(1));
      // With unread bytes, TCP resets the connection.
      far.close();
      assertEquals(await waiting, null);
    });
  },
);

everyNetwork("a writer waits for a slow reader, and continues with it", async (network) => {
  await withEnds(network, async ({ near, far }) => {
    const bytes = new Uint8Array(32 * 1024 * 1024).fill(7);
    let isWritten = false;
    const written = near.write(bytes).then(() => isWritten = true);
    const buffer = new Uint8Array(1024 * 1024);
    let count = (await far.read(buffer))!;
    assert(!isWritten);
    while (count < bytes.length) count += (await far.read(buffer))!;
    await written;
    assertEquals(count, bytes.length);
  });
});

everyNetwork("a waiting write ends when its own side closes", async (network) => {
  await withEnds(network, async ({ near }) => {
    const written = near.write(new Uint8Array(32 * 1024 * 1024));
    const refused = assertRejects(() => written, ClosedError);
    near.close();
    await refused;
  });
});

everyNetwork("a port can be listened on once, and again when it is free", (network) => {
  const listener = network.listen(anyPort);
  const { host, port } = listener.endpoint;
  assert(port > 0);
  let error: unknown;
  try {
    network.listen({ host, port }).close();
  } catch (thrown) {
    error = thrown;
  }
  assertInstanceOf(error, ListenError);
  assertEquals(
    error.message,
    `listen on 127.0.0.1:${port}: the port is taken; choose another, or 0 for any`,
  );
  listener.close();
  network.listen({ host, port }).close();
});

everyNetwork("an address of another machine cannot be listened on", (network) => {
  let error: unknown;
  try {
    network.listen({ host: "192.0.2.1", port: 0 }).close();
  } catch (thrown) {
    error = thrown;
  }
  assertInstanceOf(error, ListenError);
  assertEquals(error.message, "listen on 192.0.2.1:0: the address is not this machine's");
});

everyNetwork("a connection to a port without listener is refused", async (network) => {
  const listener = network.listen(anyPort);
  listener.close();
  const error = await assertRejects(
    () => network.connect(listener.endpoint, { signal: never }),
    ConnectError,
  );
  assert(error.message.startsWith(`connect to ${endpointText(listener.endpoint)}: `));
});

everyNetwork("an aborted connection attempt does not start", async (network) => {
  const listener = network.listen(anyPort);
  const error = await assertRejects(
    () => network.connect(listener.endpoint, { signal: AbortSignal.abort() }),
    ConnectError,
  );
  assertEquals(error.message, `connect to ${endpointText(listener.endpoint)}: given up`);
  listener.close();
});

everyNetwork(
  "accepting ends when the listener closes, and accepted connections stay open",
  async (network) => {
    const listener = network.listen(anyPort);
    const { near, far } = await connectTo(network, listener);
    const accepting = listener.accept();
    listener.close();
    listener.close();
    assertEquals(await accepting, null);
    assertEquals(await listener.accept(), null);
    await near.write(ascii("still here"));
    near.close();
    assertEquals(await readAll(far), "still here");
    far.close();
  },
);

everyNetwork(
  "a connection may write before it is accepted",
  async (network) => {
    const listener = network.listen(anyPort);
    const near = await network.connect(listener.endpoint, { signal: never });
    await near.write(ascii("early"));
    near.close();
    const far = await listener.accept();
    assertEquals(await readAll(far!), "early");
    far!.close();
    listener.close();
  },
);
