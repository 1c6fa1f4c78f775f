/**
 * Replays the line that paid a payee to its client. The client closes without a word, and neither
 * books nor announces the payment again.
 */
import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/client/member.ts";
import type { IncomingPayment } from "../../src/client/payment/incoming_payments.ts";
import { PeerListener } from "../../src/client/peer_listener.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { payRequestType } from "../../src/protocol/transfer.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { memberOf } from "../client/test_member.ts";
import { orderPayload, signPayload } from "../server/order_maker.ts";
import { startServer, type TestServer } from "../server/test_server.ts";
import { waitUntil } from "../server/wait_until.ts";
import { connect, type Other, say } from "./recorded_connection.ts";
import { KeptWallet } from "../client/wallet/memory_wallet_store.ts";

/**
 * Bob's client, which can restart. It keeps its session key, so that no refusal is due to a new
 * key.
 */
class Payee {
  readonly payments: IncomingPayment[] = [];
  readonly #start: () => Promise<Member>;
  #running: { readonly member: Member; readonly peers: PeerListener } | undefined;

  constructor(start: () => Promise<Member>) {
    this.#start = start;
  }

  async start(): Promise<void> {
    const member = await this.#start();
    const listener = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
    const peers = new PeerListener(listener, member.context, {
      onPayment: (payment) => this.payments.push(payment),
      onFault: (error) => assert(false, String(error)),
    });
    this.#running = { member, peers };
  }

  async stop(): Promise<void> {
    await this.#running!.peers.close();
    await this.#running!.member.abandon();
  }

  at({ anchor }: TestServer): Other {
    const { endpoint } = this.#running!.peers;
    return { role: "member", network: tcpNetwork, endpoint, anchor };
  }
}

interface Scene {
  readonly server: TestServer;
  readonly payee: Payee;
  readonly alice: Identity;
}

/** Pays twice over a connection: in its first line, which introduces alice, and in a later one. */
async function paid({ server, payee, alice }: Scene) {
  const connection = await connect(payee.at(server), alice);
  for (let count = 0; count < 2; count++) {
    const order = signPayload(orderPayload(alice, server.anchor, { amount: 10 }), alice);
    const before = payee.payments.length;
    connection.channel.send(payRequestType.type, { order });
    await waitUntil(() => payee.payments.length > before, "the payment");
  }
  const [first, later] = connection.lines.out;
  return { stream: connection.stream, first: first!, later: later! };
}

async function sayAnew({ server, payee, alice }: Scene, ...lines: string[]): Promise<number> {
  return await say((await connect(payee.at(server), alice)).stream, ...lines);
}

async function restart({ payee }: Scene): Promise<void> {
  await payee.stop();
  await payee.start();
}

type Paid = Awaited<ReturnType<typeof paid>>;

const replays: readonly {
  title: string;
  replay: (paid: Paid, scene: Scene) => Promise<number>;
}[] = [
  { title: "the first line, on its connection", replay: ({ stream, first }) => say(stream, first) },
  { title: "the later line, on its connection", replay: ({ stream, later }) => say(stream, later) },
  {
    title: "both lines on a new connection",
    replay: ({ first, later }, scene) => sayAnew(scene, first, later),
  },
  {
    title: "the later line on a new connection",
    replay: ({ later }, scene) => sayAnew(scene, later),
  },
  {
    title: "the later line on a new connection, at its place",
    replay: async ({ later }, { server, payee, alice }) => {
      const { stream, channel } = await connect(payee.at(server), alice);
      channel.send("balance", {});
      await channel.receive();
      return await say(stream, later);
    },
  },
  {
    title: "both lines after a restart that kept the session key",
    replay: async ({ first, later }, scene) => {
      await restart(scene);
      return await sayAnew(scene, first, later);
    },
  },
];

Deno.test("replay: a payee's client closes without a reply on every replayed line, and is paid once", async (t) => {
  const kept = new KeptWallet();
  await using server = await startServer();
  const [alice, bob] = [await server.enroll("alice"), await server.enroll("bob")];
  const payee = new Payee(() => memberOf(server, bob, { kept }));
  await payee.start();
  const scene = { server, payee, alice };
  for (const { title, replay } of replays) {
    await t.step(title, async () => {
      const told = await paid(scene);
      const before = [await server.ledger.totals(), payee.payments.length];
      assertEquals(await replay(told, scene), 0);
      assertEquals([await server.ledger.totals(), payee.payments.length], before);
      told.stream.close();
    });
  }
  assertEquals(payee.payments.length, 2 * replays.length);
  assertEquals(await server.balanceOf("bob"), 10_000 + 20 * replays.length);
  await payee.stop();
});
