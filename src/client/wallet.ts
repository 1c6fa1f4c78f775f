/**
 * A person's wallet: it connects to a server, checks that it is the right one, and acts as one of
 * the person's accounts.
 */
import type { AccountName } from "../account_name.ts";
import { decodeBase64UrlStrict } from "../base64.ts";
import type { Clock } from "../clock.ts";
import { type Signer } from "../envelope/peer.ts";
import type { SessionKey } from "../envelope/session_key.ts";
import { NotAuthenticatedError, ProtocolError, UntrustedError, UsageError } from "../errors.ts";
import { unusedConnectionMsMax } from "../limits.ts";
import { zoneOf } from "../pki/host.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { answerWith, type Outcome } from "../protocol/request_type.ts";
import { registerRequestType } from "../protocol/register.ts";
import type { Random } from "../random.ts";
import { type Endpoint, endpointText, type Network } from "../transport/byte_stream.ts";
import type { LineObserver } from "../transport/channel.ts";
import type { GreetedConnection } from "../transport/connect_channel.ts";
import type { ResolveHost } from "../transport/host_addresses.ts";
import { greetServer } from "./server_greeting.ts";
import { AcceptedWitnesses } from "./wallet/accepted_witnesses.ts";
import type { DataFolder } from "./wallet/data_folder.ts";
import { accountNames, IdentityStore } from "./wallet/identity_store.ts";
import { type AskPassphrase, KeyOpener } from "./wallet/key_opener.ts";
import { Member } from "./member.ts";
import { PinStore } from "./wallet/pin_store.ts";
import type { Limits, Receipts, WalletStore } from "./wallet/wallet_store.ts";
import { ServerLink } from "./server_link.ts";
import { ServerList } from "./server_list.ts";
import {
  requireSameLedger,
  resolveKnownLedger,
  resolveServerAnchor,
  type TrustOptions,
} from "./wallet/trust.ts";

export interface WalletOptions {
  /** The servers of the ledger, at least one. The client uses one that answers. */
  readonly servers: readonly Endpoint[];
  readonly folder: DataFolder;
  readonly trust: Pick<
    TrustOptions,
    "ca" | "fingerprint" | "expected" | "readNearbyCa" | "confirm" | "onKnown"
  >;
  /** The account of a command that names none. Without it: the only one. */
  readonly account?: AccountName | undefined;
  /** Asks for a key's passphrase. Absent when there is neither a person nor a file to ask. */
  readonly askPassphrase?: AskPassphrase | undefined;
  /** How long to wait for one reply. */
  readonly timeoutMs: number;
  /** Whether this also holds in the server's waiting room. */
  readonly boundsWaiting?: boolean | undefined;
  readonly onWaiting?: ((place: number) => void) | undefined;
  readonly observe?: LineObserver | undefined;
  /** Whether its members neither use relayed connections nor take them. */
  readonly forbidsRelay?: boolean | undefined;
}

export interface WalletDependencies {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly resolveHost?: ResolveHost | undefined;
  /**
   * Makes a session key. Each connection to the server gets its own. With the same key, an attacker
   * could replay the server's greeting and messages of an earlier connection as answers on a later
   * one.
   */
  readonly makeSessionKey: () => Promise<SessionKey>;
  /** Holds what the folder has beside keys and certificates. */
  readonly store: WalletStore;
}

/** An account that this person can act as from now on. */
export interface Registered {
  readonly account: AccountName;
  readonly balance: number;
  readonly existed: boolean;
}

export interface KeptAccount {
  readonly account: AccountName;
  readonly receipts: Receipts;
  /** The file that they are in. */
  readonly file: string;
}

export interface KeptLimits {
  readonly account: AccountName;
  readonly limits: Limits;
}

export class Wallet {
  readonly #options: WalletOptions;
  readonly #dependencies: WalletDependencies;
  readonly #keys: KeyOpener;
  readonly #servers: ServerList;

  constructor(options: WalletOptions, dependencies: WalletDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#keys = new KeyOpener(options.askPassphrase);
    this.#servers = new ServerList(options.servers, dependencies);
  }

  /**
   * Connects and checks the server's greeting. Nothing is sent.
   *
   * @throws {ConnectError} | {TimeoutError} | {ClosedError} when no server answers
   * @throws {UntrustedError} when what answers is not to be trusted
   */
  async connect(): Promise<GreetedConnection> {
    const { connection, isOld } = await this.#greet();
    if (!isOld) return connection;
    // A person compared a fingerprint meanwhile, and it is pinned now. The server may have closed
    // the connection.
    connection.close();
    return (await this.#greet()).connection;
  }

  /** @returns a connection, and whether a person took so long to confirm it that it is old */
  async #greet(): Promise<{ connection: GreetedConnection; isOld: boolean }> {
    const { folder, timeoutMs, trust } = this.#options;
    const { clock, network, store } = this.#dependencies;
    let resolvedInMs = 0;
    const connection = await this.#servers.connect((address) =>
      greetServer(address, {
        ...{ network, clock, timeoutMs },
        resolveAnchor: async (line) => {
          const startMs = clock.monotonicMs();
          const anchor = await resolveServerAnchor(line, {
            ...trust,
            server: endpointText(address.server),
            pins: new PinStore(folder, store),
            atMs: clock.nowMs(),
          });
          resolvedInMs = clock.monotonicMs() - startMs;
          return anchor;
        },
      })
    );
    return { connection, isOld: resolvedInMs > unusedConnectionMsMax };
  }

  /**
   * Pins a connection's ledger for the server's address.
   *
   * @throws {UntrustedError} when another ledger is pinned for it
   */
  async pin({ anchor }: GreetedConnection): Promise<void> {
    const { folder } = this.#options;
    const address = endpointText(this.#servers.current);
    const pins = new PinStore(folder, this.#dependencies.store);
    const pinned = await pins.set(address, anchor, { replace: false });
    if (pinned === anchor.fingerprint) return;
    throw new UntrustedError(
      `trust ${address}: it was pinned to ${pinned} meanwhile, and its CA is ${anchor.fingerprint}`,
    );
  }

  /**
   * Registers an account over an unused connection, or over a new one to the same ledger when the
   * person took long to type a passphrase. When that server registers nobody, the other servers are
   * tried in turn. Ends the connection.
   *
   * @param options.token an invitation's token
   * @param options.code the operator's one-time code for an account whose key was lost. It gets a
   * new key
   * @throws {CertificateError} when the certificate that comes is not the one that was asked for
   */
  async register(
    connection: GreetedConnection,
    name: AccountName,
    { code, token }: {
      readonly code?: string | undefined;
      readonly token?: string | undefined;
    } = {},
  ): Promise<Outcome<Registered>> {
    const identities = this.#identities(connection);
    const { result: application, connection: unused } = await this.#asking(
      connection,
      () => identities.apply(name, { anew: code !== undefined }),
    );
    const request = {
      name,
      ...(code !== undefined && { code }),
      ...(token !== undefined && { token }),
    };
    const signer = { kind: "applicant", ...application } as const;
    const { link } = await this.#link(unused, signer);
    const outcome = await link.ask(registerRequestType, request).finally(() => link.end());
    if (outcome.outcome === "refused") return outcome;
    const der = decodeBase64UrlStrict(outcome.answer.certificate);
    if (!der) throw new ProtocolError(`register ${name}: the certificate is not base64url`);
    await identities.complete(application, der, { atMs: this.#dependencies.clock.nowMs() });
    const { balance, existed } = outcome.answer;
    return answerWith({ account: name, balance, existed });
  }

  /**
   * Acts as an account over an unused connection, or over a new one to the same ledger when the
   * person took long to type a passphrase.
   *
   * @throws {NotAuthenticatedError} when this folder has no identity for the account
   * @throws {CertificateError} when the identity is not good now
   */
  async member(
    connection: GreetedConnection,
    name: AccountName,
    { onWaiting }: Pick<WalletOptions, "onWaiting"> = {},
  ): Promise<Member> {
    const { anchor } = connection;
    const { folder, forbidsRelay, observe, timeoutMs } = this.#options;
    const { clock, store } = this.#dependencies;
    const { result: identity, connection: unused } = await this.#asking(
      connection,
      () => this.#identities(connection).load(name, { atMs: clock.nowMs() }),
    );
    if (!identity) {
      throw this.#notHere(name, await accountNames(folder, anchor.fingerprint));
    }
    const { link, sessionKey } = await this.#link(
      unused,
      { kind: "certified", identity },
      onWaiting,
    );
    return new Member({
      ...this.#dependencies,
      name,
      identity,
      anchor,
      sessionKey,
      link,
      ...store.account(anchor.fingerprint, name),
      receiptsFile: store.file,
      zone: zoneOf(this.#servers.current.host),
      timeoutMs,
      observe,
      forbidsRelay,
    });
  }

  /**
   * Returns the account of a command that names none: the one that joined the ledger, or the only
   * one on it.
   *
   * @throws {NotAuthenticatedError} when there is none
   * @throws {UsageError} when there are several
   */
  async onlyAccount(ledger: string): Promise<AccountName> {
    if (this.#options.account !== undefined) return this.#options.account;
    const names = await accountNames(this.#options.folder, ledger);
    const [name] = names;
    if (name === undefined) {
      throw new NotAuthenticatedError(
        `choose an account: none was registered from ${this.#options.folder.path}; ` +
          `register one, or give --home`,
      );
    }
    if (names.length > 1) {
      throw new UsageError(
        `choose an account: there are several here; name one with --as: ${names.join(", ")}`,
      );
    }
    return name;
  }

  /** Returns the accounts of this person on a ledger, by name. */
  accounts(ledger: string): Promise<AccountName[]> {
    return accountNames(this.#options.folder, ledger);
  }

  /**
   * Finds the receipts of an account, without the server.
   *
   * @param name the only account when absent
   * @throws as {@link resolveKnownLedger} and {@link onlyAccount}
   */
  async kept(name?: AccountName): Promise<KeptAccount> {
    const { store } = this.#dependencies;
    const ledger = await this.#knownLedger();
    const account = name ?? await this.onlyAccount(ledger);
    return { account, receipts: store.account(ledger, account).receipts, file: store.file };
  }

  /**
   * Finds the limits of an account, without the server.
   *
   * @param name the only account when absent
   * @throws as {@link kept}, and {NotAuthenticatedError} when the account is not here
   */
  async keptLimits(name?: AccountName): Promise<KeptLimits> {
    const ledger = await this.#knownLedger();
    const account = name ?? await this.onlyAccount(ledger);
    const names = await accountNames(this.#options.folder, ledger);
    if (!names.includes(account)) throw this.#notHere(account, names);
    return { account, limits: this.#dependencies.store.account(ledger, account).limits };
  }

  async #knownLedger(): Promise<string> {
    const { folder, servers, trust } = this.#options;
    const { clock, store } = this.#dependencies;
    const pins = new PinStore(folder, store);
    const addresses = servers.map(endpointText);
    let server = addresses[0]!;
    for (const address of addresses) {
      if (await pins.get(address) === undefined) continue;
      server = address;
      break;
    }
    return await resolveKnownLedger({ ...trust, server, pins, atMs: clock.nowMs() });
  }

  #notHere(name: AccountName, others: readonly AccountName[]): NotAuthenticatedError {
    const found = others.length === 0 ? "" : `, only ${others.join(", ")}`;
    return new NotAuthenticatedError(
      `act as ${name}: no account of that name was registered from ${this.#options.folder.path}` +
        `${found}; register it, or give another name or --home`,
    );
  }

  /**
   * Returns the witnesses of the ledger that this person believes, without the server.
   *
   * @throws as {@link resolveKnownLedger} when it has to find the ledger
   */
  async acceptedWitnesses(ledger?: string): Promise<AcceptedWitnesses> {
    return new AcceptedWitnesses(this.#options.folder, ledger ?? await this.#knownLedger());
  }

  /** Returns the folder of an account's files. */
  accountFolder({ context: { anchor, name } }: Pick<Member, "context">): string {
    return this.#options.folder.accountFolder(anchor.fingerprint, name);
  }

  close(): void {
    this.#dependencies.store.close();
  }

  #identities({ anchor }: GreetedConnection): IdentityStore {
    return new IdentityStore(this.#options.folder, anchor, this.#keys);
  }

  /**
   * Runs an action that may ask a person for a passphrase. When that takes long, the server may
   * have closed the connection.
   *
   * @returns the action's result, and an unused connection to the same ledger
   * @throws {UntrustedError} when another ledger, or no server, answers the second time
   */
  async #asking<Result>(
    connection: GreetedConnection,
    action: () => Promise<Result>,
  ): Promise<{ result: Result; connection: GreetedConnection }> {
    const { clock } = this.#dependencies;
    const startMs = clock.monotonicMs();
    const result = await action();
    if (clock.monotonicMs() - startMs <= unusedConnectionMsMax) return { result, connection };
    connection.close();
    return { result, connection: await this.#connectTo(connection.anchor) };
  }

  /**
   * Connects a member again, to the same ledger. The server that it lost is tried last.
   *
   * @throws as {@link greetServer}, {@link requireSameLedger} and {@link member}
   */
  async reconnect(
    { context: { anchor, name } }: Pick<Member, "context">,
    options: Pick<WalletOptions, "onWaiting"> = {},
  ): Promise<Member> {
    this.#servers.advance();
    return await this.member(await this.#connectTo(anchor), name, options);
  }

  /** @throws as {@link greetServer} and {@link requireSameLedger} */
  #connectTo(known: TrustAnchor): Promise<GreetedConnection> {
    const { timeoutMs } = this.#options;
    const { clock, network } = this.#dependencies;
    return this.#servers.connect((address) =>
      greetServer(address, {
        ...{ network, clock, timeoutMs },
        resolveAnchor: (line) =>
          requireSameLedger(line, {
            ...{ known, server: endpointText(address.server), atMs: clock.nowMs() },
          }),
      })
    );
  }

  async #link(
    connection: GreetedConnection,
    signer: Signer,
    onWaiting = this.#options.onWaiting,
  ): Promise<{ link: ServerLink; sessionKey: SessionKey }> {
    const { boundsWaiting, observe, timeoutMs } = this.#options;
    const { clock, makeSessionKey } = this.#dependencies;
    const introduce = async (greeted: GreetedConnection) => {
      const sessionKey = await makeSessionKey();
      const channel = greeted.introduce({ signer, sessionKey, observe });
      return { channel, sessionKey, serverTimeMs: greeted.greeting.issuedAtMs };
    };
    const { channel, sessionKey, serverTimeMs } = await introduce(connection);
    const { count } = this.#servers;
    const others = count === 1 ? undefined : {
      count,
      connect: async () => {
        this.#servers.advance();
        return await introduce(await this.#connectTo(connection.anchor));
      },
    };
    const options = { clock, timeoutMs, serverTimeMs, boundsWaiting, onWaiting, others };
    return { link: new ServerLink(channel, options), sessionKey };
  }
}
