/**
 * The real server and a payee's real listener, with the identities of the golden vectors. A test
 * can send them every forged line of the vectors. The scene records their replies.
 */
import { Member } from "../../src/client/member.ts";
import { assert } from "@std/assert";
import { PeerListener } from "../../src/client/peer_listener.ts";
import { MemoryWalletStore } from "../client/wallet/memory_wallet_store.ts";
import type { ServerLink } from "../../src/client/server_link.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import type { Identity } from "../../src/pki/identity.ts";
import { partyUri } from "../../src/pki/party.ts";
import { systemRandom } from "../../src/random.ts";
import { SessionKeys } from "../../src/server/session/session_keys.ts";
import { type ByteStream, type Endpoint, endpointText } from "../../src/transport/byte_stream.ts";
import { receiveGreeting } from "../../src/transport/connect_channel.ts";
import {
  alice,
  anchor,
  atMs,
  bob,
  identities,
  server as serverIdentity,
} from "../envelope/vector_parties.ts";
import { sessionKeys } from "../envelope/vector_session_keys.ts";
import { ManualClock } from "../manual_clock.ts";
import { named, startServer, type TestServer, timeoutMs } from "../server/test_server.ts";
import { MemoryNetwork } from "../transport/memory_network.ts";
import { WireLog } from "./wire_log.ts";

const [serverHost, payeeHost] = ["192.0.2.1", "192.0.2.2"];

/** Who is lied to. Both hold the session key that forged lines are sealed to. */
export type Receiver = "server" | "payee";

export interface VectorSceneOptions {
  readonly processors?: number;
}

export class VectorScene implements AsyncDisposable {
  readonly clock = new ManualClock(atMs);
  readonly wire = new WireLog();
  readonly #network = new MemoryNetwork({ backlog: 1000 }, serverHost);
  #server: TestServer | undefined;
  #peers: PeerListener | undefined;
  #nextHost = 0;

  static async open({ processors }: VectorSceneOptions = {}): Promise<VectorScene> {
    const scene = new VectorScene();
    const { clock, wire } = scene;
    const { certificate: caPem, privateKey: caKeyPem } = identities.ca;
    const ledger = new MemoryLedger({ ledgerId: anchor.fingerprint });
    for (const identity of [alice, bob]) await register(ledger, identity);
    scene.#server = await startServer({
      clock,
      network: wire.on(scene.#network),
      authority: CertificateAuthority.open({ caPem, caKeyPem, atMs }),
      identity: serverIdentity,
      ledger,
      sessionKeys: await SessionKeys.open({
        generate: () => Promise.resolve(sessionKeys.server),
        clock,
      }),
      ...(processors !== undefined && { processors }),
    });
    scene.#peers = await scene.#takePayments();
    return scene;
  }

  get server(): TestServer {
    return this.#server!;
  }

  /** The receiver's URI, which messages to it have to name. */
  uriOf(receiver: Receiver): string {
    return partyUri(receiver === "server" ? serverIdentity.party : bob.party);
  }

  /** A bare connection, each from an address of its own unless one is given. */
  async dial(receiver: Receiver, from = `198.51.100.${this.#nextHost++}`): Promise<ByteStream> {
    const endpoint: Endpoint = receiver === "server"
      ? { host: serverHost, port: this.server.endpoint.port }
      : { host: payeeHost, port: this.#peers!.endpoint.port };
    const signal = new AbortController().signal;
    return await this.#network.machine(from).connect(endpoint, { signal });
  }

  /** Speaks as a member, by the client's own code. */
  async link(identity: Identity, from?: string): Promise<ServerLink> {
    const connection = await receiveGreeting(await this.dial("server", from), {
      role: "server",
      resolveAnchor: () => Promise.resolve(anchor),
      clock: this.clock,
      timeoutMs,
    });
    return await this.server.link(identity, connection);
  }

  /** The kinds of events about one connection, in order. */
  eventsOf(client: Pick<ByteStream, "local">): readonly string[] {
    const about = endpointText(client.local);
    return this.server.events.all
      .filter((event) => "remote" in event && endpointText(event.remote) === about)
      .map(({ kind }) => kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peers?.close();
    await this.server[Symbol.asyncDispose]();
  }

  async #takePayments(): Promise<PeerListener> {
    const network = this.wire.on(this.#network.machine(payeeHost));
    const name = named("bob");
    const store = new MemoryWalletStore();
    const { context } = new Member({
      name,
      identity: bob,
      anchor,
      sessionKey: sessionKeys.server,
      link: await this.link(bob, payeeHost),
      ...store.account(anchor.fingerprint, name),
      receiptsFile: store.file,
      network,
      clock: this.clock,
      random: systemRandom,
      timeoutMs,
    });
    return new PeerListener(network.listen({ host: payeeHost, port: 0 }), context, {
      onPayment: () => assert(false, "a payment came of a forged line"),
      onFault: (error) => assert(false, `a fault came of a forged line: ${error}`),
    });
  }
}

async function register(ledger: MemoryLedger, { party, certificate, chain }: Identity) {
  assert(party.role === "member");
  const { fingerprint, publicKey: { fingerprint: keyFingerprint } } = certificate;
  const der = chain[0]!;
  const record = { fingerprint, keyFingerprint, der, issuedAtMs: atMs };
  await ledger.register({ name: party.name, certificate: record });
}
