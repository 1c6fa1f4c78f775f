/**
 * An attacker on the path records what the server says to a client and cuts the connection. When
 * the same client connects again, the attacker replays all of it.
 */
import { assertEquals, assertRejects } from "@std/assert";
import type { Member } from "../../src/client/member.ts";
import { askStatus } from "../../src/client/payment/order_outcome.ts";
import { signOrder } from "../../src/protocol/order.ts";
import { Wallet } from "../../src/client/wallet.ts";
import { DataFolder } from "../../src/client/wallet/data_folder.ts";
import { systemClock } from "../../src/clock.ts";
import { ClosedError } from "../../src/errors.ts";
import type { Amount } from "../../src/money.ts";
import { makeOrderId, systemRandom } from "../../src/random.ts";
import type { ByteStream, Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { MemoryWalletStore } from "../client/wallet/memory_wallet_store.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { inFolder } from "../pki/temporary_folder.ts";
import { named, startServer, timeoutMs } from "../server/test_server.ts";

/**
 * The path to the server. It records the server's lines and replays them on every later connection.
 */
class RecordedWay implements Network {
  readonly listen = tcpNetwork.listen;
  readonly #said: Uint8Array[] = [];
  /** Whether the connections from now on are answered by what was noted. */
  isReplayed = false;

  async connect(...to: Parameters<Network["connect"]>): Promise<ByteStream> {
    const stream = await tcpNetwork.connect(...to);
    if (!this.isReplayed) return this.#noted(stream);
    const said = [...this.#said];
    const closed = Promise.withResolvers<null>();
    return {
      local: stream.local,
      remote: stream.remote,
      read(buffer) {
        const bytes = said.shift();
        if (bytes === undefined) return closed.promise;
        buffer.set(bytes.subarray(0, buffer.length));
        if (bytes.length > buffer.length) said.unshift(bytes.subarray(buffer.length));
        return Promise.resolve(Math.min(bytes.length, buffer.length));
      },
      write: () => Promise.resolve(),
      close() {
        stream.close();
        closed.resolve(null);
      },
    };
  }

  /** Begins anew. */
  forget(): void {
    this.#said.length = 0;
  }

  #noted(stream: ByteStream): ByteStream {
    return {
      local: stream.local,
      remote: stream.remote,
      read: async (buffer) => {
        const count = await stream.read(buffer);
        if (count !== null) this.#said.push(buffer.slice(0, count));
        return count;
      },
      write: (bytes) => stream.write(bytes),
      close: () => stream.close(),
    };
  }
}

/** What the server says when it is asked to make a new order void. */
async function voidOne({ context }: Member) {
  const id = makeOrderId(systemClock, systemRandom);
  const terms = { id, payer: context.name, payee: named("mallory"), amount: 5 as Amount };
  const { anchor, identity, link } = context;
  const { text: jws } = signOrder(terms, { identity, anchor, clock: link });
  return await askStatus(id, context, { voiding: jws });
}

Deno.test("replay: the server's lines on one connection answer nothing on a later connection of the same client", async () => {
  await inFolder(async (folder) => {
    await using server = await startServer();
    await server.enroll("mallory");
    const network = new RecordedWay();
    // Each connection has a session key of its own, as in the program.
    const keys = [sessionKeys.alice, sessionKeys.bob, sessionKeys.carol].values();
    const trust = {
      fingerprint: server.anchor.fingerprint,
      readNearbyCa: () => undefined,
    };
    const wallet = new Wallet({
      servers: [server.endpoint],
      folder: new DataFolder(folder),
      trust,
      timeoutMs,
    }, {
      network,
      clock: systemClock,
      random: systemRandom,
      makeSessionKey: () => Promise.resolve(keys.next().value!),
      store: new MemoryWalletStore(),
    });
    const name = named("alice");
    assertEquals((await wallet.register(await wallet.connect(), name)).outcome, "answered");
    network.forget();
    const first = await wallet.member(await wallet.connect(), name);
    const told = await voidOne(first);
    assertEquals(told.outcome === "refused" && told.code, 400);
    await first.abandon();
    // The greeting is the server's and still valid. A later line would also say that this order is
    // void.
    network.isReplayed = true;
    const second = await wallet.member(await wallet.connect(), name);
    await assertRejects(() => voidOne(second), ClosedError, "its header is not");
    await second.abandon();
  });
});
