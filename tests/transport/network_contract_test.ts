/**
 * What every network keeps, in memory and over TCP alike (`src/transport/byte_stream.ts`).
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { ClosedError, ConnectError, ListenError } from "../../src/errors.ts";
import { endpointText } from "../../src/transport/byte_stream.ts";
import { anyPort, ascii, connectTo, networks, readAll, withEnds } from "./streams.ts";

const never = new AbortController().signal;

for (const { kind, make } of networks) {
  Deno.test(`${kind}: what is written is read, in order, both ways`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      await near.write(ascii("one "));
      await near.write(ascii("two"));
      await far.write(ascii("three"));
      near.close();
      assertEquals(await readAll(far), "one two");
      far.close();
    });
  });

  Deno.test(`${kind}: a read takes what is there, at most what the buffer holds`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      await near.write(ascii("abcde"));
      const buffer = new Uint8Array(2);
      const sizes = [await far.read(buffer), await far.read(buffer), await far.read(buffer)];
      assertEquals(sizes, [2, 2, 1]);
    });
  });

  Deno.test(`${kind}: both ends know both endpoints`, async () => {
    await withEnds(make(), ({ near, far }) => {
      assertEquals(near.local, far.remote);
      assertEquals(far.local, near.remote);
      assertNotEquals(near.local.port, near.remote.port);
      return Promise.resolve();
    });
  });

  Deno.test(`${kind}: what was written before a close still arrives, then the end, again and again`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      await near.write(ascii("last words"));
      near.close();
      assertEquals(await readAll(far), "last words");
      assertEquals(await far.read(new Uint8Array(1)), null);
    });
  });

  Deno.test(`${kind}: a read that waits ends when the other side closes`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      const waiting = far.read(new Uint8Array(1));
      near.close();
      assertEquals(await waiting, null);
    });
  });

  Deno.test(`${kind}: a read that waits ends when its own side closes`, async () => {
    await withEnds(make(), async ({ far }) => {
      const waiting = far.read(new Uint8Array(1));
      far.close();
      far.close();
      assertEquals(await waiting, null);
      assertEquals(await far.read(new Uint8Array(1)), null);
    });
  });

  Deno.test(`${kind}: writing after the own close is refused`, async () => {
    await withEnds(make(), async ({ near }) => {
      near.close();
      const error = await assertRejects(() => near.write(ascii("late")), ClosedError);
      assertEquals(
        error.message,
        `write to ${endpointText(near.remote)}: the connection is closed`,
      );
    });
  });

  Deno.test(`${kind}: writing to a side that closed is refused sooner or later`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      far.close();
      // TCP learns of it by the answer to the first write; the second end then has nothing to read either.
      await assertRejects(async () => {
        for (;;) await near.write(new Uint8Array(1024));
      }, ClosedError);
      assertEquals(await near.read(new Uint8Array(1)), null);
    });
  });

  Deno.test(`${kind}: a connection that is broken off with bytes unread ends like any other`, async () => {
    await withEnds(make(), async ({ near, far }) => {
      await near.write(ascii("never read"));
      await far.read(new Uint8Array(1));
      const waiting = near.read(new Uint8Array(1));
      // With bytes unread, TCP resets the connection.
      far.close();
      assertEquals(await waiting, null);
    });
  });

  Deno.test(`${kind}: a writer waits for a reader that is behind, and goes on with it`, async () => {
    await withEnds(make(), async ({ near, far }) => {
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

  Deno.test(`${kind}: a write that waits for a reader ends when its own side closes`, async () => {
    await withEnds(make(), async ({ near }) => {
      const written = near.write(new Uint8Array(32 * 1024 * 1024));
      const refused = assertRejects(() => written, ClosedError);
      near.close();
      await refused;
    });
  });

  Deno.test(`${kind}: a port is listened on once, and again when it is free`, () => {
    const network = make();
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

  Deno.test(`${kind}: an address of another machine cannot be listened on`, () => {
    let error: unknown;
    try {
      make().listen({ host: "192.0.2.1", port: 0 }).close();
    } catch (thrown) {
      error = thrown;
    }
    assertInstanceOf(error, ListenError);
    assertEquals(error.message, "listen on 192.0.2.1:0: the address is not this machine's");
  });

  Deno.test(`${kind}: nobody listens, so a connection is refused`, async () => {
    const network = make();
    const listener = network.listen(anyPort);
    listener.close();
    const error = await assertRejects(
      () => network.connect(listener.endpoint, { signal: never }),
      ConnectError,
    );
    assert(error.message.startsWith(`connect to ${endpointText(listener.endpoint)}: `));
  });

  Deno.test(`${kind}: a connection that was given up before is not begun`, async () => {
    const network = make();
    const listener = network.listen(anyPort);
    const error = await assertRejects(
      () => network.connect(listener.endpoint, { signal: AbortSignal.abort() }),
      ConnectError,
    );
    assertEquals(error.message, `connect to ${endpointText(listener.endpoint)}: given up`);
    listener.close();
  });

  Deno.test(`${kind}: accepting ends when the listener closes, and what was accepted stays`, async () => {
    const network = make();
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
  });

  Deno.test(`${kind}: who connects before anybody accepts waits, and can write already`, async () => {
    const network = make();
    const listener = network.listen(anyPort);
    const near = await network.connect(listener.endpoint, { signal: never });
    await near.write(ascii("early"));
    near.close();
    const far = await listener.accept();
    assertEquals(await readAll(far!), "early");
    far!.close();
    listener.close();
  });
}
