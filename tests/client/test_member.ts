/**
 * A member on a real connection with a wallet in memory, and a payee that treats an order as the
 * test wants.
 */
import type { AccountName } from "../../src/account_name.ts";
import { Member } from "../../src/client/member.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import type { WalletStore } from "../../src/client/wallet/wallet_store.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Message } from "../../src/envelope/message.ts";
import { ClosedError } from "../../src/errors.ts";
import type { Identity } from "../../src/pki/identity.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import { loginRequestType } from "../../src/protocol/login.ts";
import type { SeenCheckpoint } from "../../src/protocol/seen_checkpoint.ts";
import { systemRandom } from "../../src/random.ts";
import { acceptChannel } from "../../src/transport/accept_channel.ts";
import type { ByteStream } from "../../src/transport/byte_stream.ts";
import type { Arrival, Channel } from "../../src/transport/channel.ts";
import type { GreetedConnection } from "../../src/transport/connect_channel.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { sessionKey, type TestServer } from "../server/test_server.ts";
import { KeptWallet, MemoryWalletStore } from "./wallet/memory_wallet_store.ts";

export interface MemberOptions {
  /** What is kept already; nothing when absent. */
  readonly kept?: KeptWallet;
  /** Where it is kept instead. */
  readonly store?: WalletStore;
  readonly timeoutMs?: number;
  readonly forbidsRelay?: boolean;
  readonly clock?: Clock;
  /** One to the server that nothing was said on yet, instead of a new one. */
  readonly connection?: GreetedConnection;
}

/** Acts as somebody, through the client's own code. */
export async function memberOf(
  server: TestServer,
  identity: Identity,
  {
    kept = new KeptWallet(),
    store = new MemoryWalletStore(kept),
    timeoutMs = 20_000,
    forbidsRelay,
    clock = systemClock,
    connection,
  }: MemberOptions = {},
): Promise<Member> {
  const name = nameOf(identity);
  const { anchor } = server;
  return new Member({
    name,
    identity,
    anchor,
    sessionKey,
    link: await server.link(identity, connection),
    ...store.account(anchor.fingerprint, name),
    receiptsFile: store.file,
    network: tcpNetwork,
    clock,
    random: systemRandom,
    timeoutMs,
    forbidsRelay,
  });
}

/** What a payee does when an order has come. */
export type Behaviour = (scene: PayeeScene) => Promise<void>;

export interface PayeeScene {
  /** To the payer. */
  readonly channel: Channel;
  readonly message: Message;
  readonly stream: ByteStream;
  /** To the server. */
  readonly link: ServerLink;
}

export interface PayeeOptions {
  readonly behave: Behaviour;
  /** Who greets, when it is not the one who logged in. */
  readonly greetsAs?: Identity;
  /** What it shows in its greeting. */
  readonly seen?: SeenCheckpoint;
  /** Instead of a greeting. */
  readonly instead?: (stream: ByteStream) => Promise<void>;
}

interface Serving extends PayeeOptions {
  readonly identity: Identity;
  readonly link: ServerLink;
}

export class TestPayee implements AsyncDisposable {
  /** Messages that came from payers. */
  readonly messages: Message[] = [];
  readonly #listener = tcpNetwork.listen({ host: "127.0.0.1", port: 0 });
  readonly #served: Promise<void>[] = [];
  readonly #streams: ByteStream[] = [];
  #hasHungUp = false;
  #accepting: Promise<void> | undefined;

  /** Online from now on. */
  static async logIn(
    server: TestServer,
    identity: Identity,
    options: PayeeOptions,
  ): Promise<TestPayee> {
    const payee = new TestPayee();
    const link = await server.link(identity);
    const { port } = payee.#listener.endpoint;
    const outcome = await link.ask(loginRequestType, { name: nameOf(identity), port });
    if (outcome.outcome === "refused") throw new Error(`log in: ${outcome.text}`);
    payee.#accepting = payee.#accept(server.anchor, { identity, link, ...options });
    return payee;
  }

  /** Stops listening and closes all connections to payers. */
  hangUp(): void {
    this.#hasHungUp = true;
    this.#listener.close();
    for (const stream of this.#streams) stream.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await this.#accepting;
    await Promise.all(this.#served);
  }

  async #accept(anchor: TrustAnchor, serving: Serving): Promise<void> {
    for (;;) {
      const stream = await this.#listener.accept();
      if (!stream) return;
      this.#streams.push(stream);
      // A payer may have been connecting anew, and its greeting ends with the stream.
      const served = this.#serve(stream, anchor, serving).catch((error) => {
        if (!(this.#hasHungUp && error instanceof ClosedError)) throw error;
      });
      this.#served.push(served);
    }
  }

  async #serve(
    stream: ByteStream,
    anchor: TrustAnchor,
    { behave, greetsAs, identity, instead, link, seen }: Serving,
  ): Promise<void> {
    if (instead) return await instead(stream);
    const accepted = await acceptChannel(stream, {
      identity: greetsAs ?? identity,
      seen,
      sessionKey,
      anchor,
      applicants: false,
      firstMessageTimeoutMs: 20_000,
      clock: systemClock,
      random: systemRandom,
    });
    if (!accepted) return;
    const { channel } = accepted;
    let arrival: Arrival = { kind: "message", ...accepted };
    // A payer keeps its connection, and a script may have closed it.
    while (arrival.kind === "message") {
      const { message } = arrival;
      this.messages.push(message);
      await behave({ channel, message, stream, link });
      arrival = await channel.receive().catch(() => ({ kind: "end" }));
    }
  }
}

export function nameOf({ party }: Identity): AccountName {
  if (party.role !== "member") throw new TypeError("a member is needed here");
  return party.name;
}
