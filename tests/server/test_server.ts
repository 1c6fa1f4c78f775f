/**
 * A server on a real socket, with a ledger in memory and an authority of its own. Its clients use
 * the parts of the real client, so that a test can send what a correct client never sends.
 */
import { type AccountName, parseAccountName } from "../../src/account_name.ts";
import { ServerLink } from "../../src/client/server_link.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Signer } from "../../src/envelope/peer.ts";
import type { SessionKey } from "../../src/envelope/session_key.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { MemoryLedger } from "../ledger/memory/memory_ledger.ts";
import { isAmount } from "../../src/money.ts";
import { endAccount, type Ending } from "../../src/operator/ending.ts";
import { CertificateAuthority } from "../../src/pki/certificate_authority.ts";
import {
  createCertificateRequest,
  readCertificateRequest,
} from "../../src/pki/certificate_request.ts";
import { type Identity, openIdentity } from "../../src/pki/identity.ts";
import { derToPem } from "../../src/pki/pem.ts";
import { SigningKey } from "../../src/pki/signing_key.ts";
import type { TrustAnchor } from "../../src/pki/trust_anchor.ts";
import type { VerifierKey } from "../../src/protocol/cosignature.ts";
import type { Outcome } from "../../src/protocol/request_type.ts";
import { ChangeHistory } from "../../src/protocol/change_history.ts";
import { signIssue } from "../../src/protocol/issue.ts";
import { registerRequestType } from "../../src/protocol/register.ts";
import { systemRandom } from "../../src/random.ts";
import { Server } from "../../src/server/server.ts";
import { SessionKeys } from "../../src/server/session/session_keys.ts";
import type { ServerEvent } from "../../src/server/server_event.ts";
import { type GreetedConnection, receiveGreeting } from "../../src/transport/connect_channel.ts";
import type { AddressRange } from "../../src/transport/address_range.ts";
import type { Network } from "../../src/transport/byte_stream.ts";
import { tcpNetwork } from "../../src/transport/tcp_network.ts";
import { sessionKeys as vectorSessionKeys } from "../envelope/vector_session_keys.ts";
import { EventLog } from "./event_log.ts";

/** No answer is waited for longer than this; every test is done long before. */
export const timeoutMs = 20_000;

/** The session key of the server and all its clients. To make one takes longer than most tests. */
export const sessionKey: SessionKey = vectorSessionKeys.server;

/** Returns the server's keys: {@link sessionKey}, which never changes. */
function unchangingSessionKeys(): Promise<SessionKeys> {
  return SessionKeys.open({ generate: () => Promise.resolve(sessionKey), clock: systemClock });
}

/** A name that is one. */
export function named(text: string): AccountName {
  return parseAccountName(text)!;
}

export interface TestServerOptions {
  readonly userLimit?: number;
  readonly initialBalance?: number;
  readonly clock?: Clock;
  readonly network?: Network;
  readonly sessionKeys?: SessionKeys;
  /** The CA of the ledger and the server's identity; the test makes both when they are absent. */
  readonly authority?: CertificateAuthority;
  readonly identity?: Identity;
  /** One in memory when absent. */
  readonly ledger?: Ledger;
  /** Puts something between the server and its ledger. */
  readonly wrap?: (ledger: Ledger) => Ledger;
  readonly processors?: number;
  readonly accountsMax?: number;
  readonly join?: "open" | "invite";
  /** Whether it registers members. It does by default. */
  readonly registering?: boolean;
  readonly witnesses?: readonly VerifierKey[];
  readonly proxies?: readonly AddressRange[];
}

export interface Applicant {
  readonly signer: Signer & { kind: "applicant" };
  readonly privateKeyPem: string;
}

/** What the server opens accounts with. Its ledger is the one that the server sees. */
type Registrar = Required<
  Pick<TestServerOptions, "clock" | "ledger" | "initialBalance" | "accountsMax">
>;

export class TestServer {
  readonly server: Server;
  readonly ledger: Ledger;
  readonly authority: CertificateAuthority;
  readonly identity: Identity;
  readonly changes: ChangeHistory;
  readonly events: EventLog<ServerEvent>;
  readonly network: Network;
  readonly #registrar: Registrar;
  readonly #links: ServerLink[] = [];

  constructor(
    parts: Pick<
      TestServer,
      "server" | "ledger" | "authority" | "identity" | "changes" | "events" | "network"
    >,
    registrar: Registrar,
  ) {
    this.#registrar = registrar;
    this.server = parts.server;
    this.ledger = parts.ledger;
    this.authority = parts.authority;
    this.identity = parts.identity;
    this.changes = parts.changes;
    this.events = parts.events;
    this.network = parts.network;
  }

  get anchor(): TrustAnchor {
    return this.authority.anchor;
  }

  get endpoint() {
    return { host: "127.0.0.1", port: this.server.endpoint.port };
  }

  /** A connection that nothing was said on yet. */
  async connect(from = this.network, clock = systemClock): Promise<GreetedConnection> {
    const signal = new AbortController().signal;
    const stream = await from.connect(this.endpoint, { signal });
    const resolveAnchor = () => Promise.resolve(this.anchor);
    return await receiveGreeting(stream, {
      role: "server",
      resolveAnchor,
      clock,
      timeoutMs,
    });
  }

  /** Speaks as anybody. Closed at the end, if it was not before. */
  async link(
    signer: Signer | Identity,
    connection?: GreetedConnection,
    onWaiting?: (place: number) => void,
  ): Promise<ServerLink> {
    const { introduce, greeting } = await this.#ready(connection);
    const asSigner: Signer = "kind" in signer ? signer : { kind: "certified", identity: signer };
    const channel = introduce({ signer: asSigner, sessionKey });
    const link = new ServerLink(channel, {
      clock: systemClock,
      timeoutMs,
      serverTimeMs: greeting.issuedAtMs,
      onWaiting,
    });
    this.#links.push(link);
    return link;
  }

  /** Registers over a connection of its own. */
  async register(
    applicant: Applicant,
    name: AccountName = applicant.signer.request.name,
    given: { readonly token?: string; readonly code?: string } = {},
  ): Promise<Outcome<{ certificate: string }>> {
    const link = await this.link(applicant.signer);
    try {
      return await link.ask(registerRequestType, { name, ...given });
    } finally {
      await link.end();
    }
  }

  /**
   * Opens an account in the ledger, with the certificate and the opening entry that the server
   * makes. It skips the connection, which takes most of the time of a registration.
   */
  async enroll(text: string): Promise<Identity> {
    const { authority, identity: server, anchor } = this;
    const { clock, initialBalance, accountsMax, ledger } = this.#registrar;
    const name = named(text);
    const identity = issueMember(authority, text, clock);
    const { fingerprint, publicKey, der } = identity.certificate;
    const signing = { identity: server, anchor, clock, random: systemRandom };
    const outcome = await ledger.register({
      name,
      certificate: {
        fingerprint,
        keyFingerprint: publicKey.fingerprint,
        der,
        issuedAtMs: clock.nowMs(),
      },
      ...(isAmount(initialBalance) && {
        opening: signIssue({ kind: "opening", name, amount: initialBalance }, signing),
      }),
      accountsMax,
    });
    if (outcome.outcome !== "registered") throw new Error(`${text}: ${outcome.outcome}`);
    return identity;
  }

  /** Ends an account or its certificate, as the operator does. */
  async end(ending: Ending): Promise<void> {
    const { ledger, identity, anchor } = this;
    const { outcome } = await endAccount(ending, { ledger, identity, anchor, clock: systemClock });
    if (outcome !== "changed") throw new Error(`${ending.kind} of ${ending.name}: ${outcome}`);
  }

  async balanceOf(text: string): Promise<number | undefined> {
    return (await this.ledger.account(named(text)))?.balance;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { channel } of this.#links) channel.close();
    await Promise.all(this.#links.map(({ closed }) => closed));
    await this.server.stop().catch(() => {});
  }

  async #ready(connection: GreetedConnection | undefined) {
    const ready = connection ?? await this.connect();
    return { introduce: ready.introduce.bind(ready), greeting: ready.greeting };
  }
}

export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { userLimit = 50, initialBalance = 10_000, clock = systemClock, wrap, processors } =
    options;
  const { accountsMax = 10_000, proxies, witnesses = [], join, registering = true } = options;
  const { network = tcpNetwork, authority = makeAuthority() } = options;
  const ledgerId = authority.anchor.fingerprint;
  const { ledger = new MemoryLedger({ ledgerId }) } = options;
  const events = new EventLog<ServerEvent>((event) => JSON.stringify(event).slice(0, 300));
  const identity = options.identity ?? serverIdentity(authority);
  const opened = wrap?.(ledger) ?? ledger;
  const changes = new ChangeHistory({ ledger: opened, anchor: authority.anchor });
  const server = new Server(
    {
      listener: network.listen({ host: "127.0.0.1", port: 0 }),
      proxies,
      userLimit,
      initialBalance,
      join,
      accountsMax,
      processors,
      witnesses,
    },
    {
      ledger: opened,
      changes,
      anchor: authority.anchor,
      authority: registering ? authority : undefined,
      identity,
      sessionKeys: options.sessionKeys ?? await unchangingSessionKeys(),
      clock,
      random: systemRandom,
      report: (event) => events.add(event),
    },
  );
  const parts = { server, ledger, authority, identity, changes, events, network };
  return new TestServer(parts, { clock, ledger: opened, initialBalance, accountsMax });
}

/** A CA of its own. */
export function makeAuthority(clock: Clock = systemClock): CertificateAuthority {
  const made = CertificateAuthority.create({ clock, random: systemRandom });
  return made.authority;
}

/** Somebody with a new key who asks for a name. */
export function makeApplicant(text: string): Applicant {
  const { signingKey, pem: privateKeyPem } = SigningKey.generate();
  const request = readCertificateRequest(createCertificateRequest(named(text), signingKey));
  return {
    signer: { kind: "applicant", request, signingKey },
    privateKeyPem,
  };
}

/** A certificate of this authority that the server never issued. */
export function issueMember(
  authority: CertificateAuthority,
  text: string,
  clock: Pick<Clock, "nowMs"> = systemClock,
): Identity {
  const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
  const atMs = clock.nowMs();
  const name = named(text);
  const der = authority.issueMember({ name, publicKey, atMs, random: systemRandom });
  return openIdentity({
    certificatePem: derToPem(der, "CERTIFICATE"),
    privateKeyPem,
    anchor: authority.anchor,
    role: "member",
    atMs,
  });
}

export function serverIdentity(
  authority: CertificateAuthority,
  clock: Pick<Clock, "nowMs"> = systemClock,
): Identity {
  const { signingKey: { publicKey }, pem: privateKeyPem } = SigningKey.generate();
  const atMs = clock.nowMs();
  const hosts = ["127.0.0.1"];
  const der = authority.issueServer({
    publicKey,
    hosts,
    days: 1,
    atMs,
    random: systemRandom,
  });
  return openIdentity({
    certificatePem: derToPem(der, "CERTIFICATE"),
    privateKeyPem,
    anchor: authority.anchor,
    role: "server",
    atMs,
  });
}
