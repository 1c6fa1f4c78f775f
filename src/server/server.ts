/** The server. It accepts connections, serves each independently, and stops in good order. */
import { isLedgerUnavailable, LedgerError } from "../errors.ts";
import {
  costlyAtOnceMax,
  costlyBesideProcessors,
  processorsDefault,
  shutdownGraceMs,
  strangerRequestEveryMs,
  strangerRequestsAtOnce,
  waitingRoomPlaces,
} from "../limits.ts";
import { Acceptor } from "../transport/acceptor.ts";
import type { AddressRange } from "../transport/address_range.ts";
import type { ByteStream, Endpoint, Listener } from "../transport/byte_stream.ts";
import { ProxiedStreams } from "../transport/proxied_streams.ts";
import { Admission } from "./admission/admission.ts";
import { watchExpiry } from "./expiry_watch.ts";
import { attendLedger } from "./attendance.ts";
import { DecisionPushes } from "./decision_pushes.ts";
import { FairQueue } from "./fair_queue.ts";
import { FirstLines } from "./admission/first_lines.ts";
import { LedgerFaults } from "./ledger_faults.ts";
import { MemberSessions } from "./session/member_sessions.ts";
import { PublishedCheckpoints } from "./published_checkpoints.ts";
import { makeNonce } from "../random.ts";
import { Registrations } from "./admission/registrations.ts";
import { RelayExchange } from "./relay_exchange.ts";
import type { RepeatedTask } from "../repeated_task.ts";
import { Relays } from "./relays.ts";
import type { VerifierKey } from "../protocol/cosignature.ts";
import { ServedConnection } from "./session/served_connection.ts";
import type { ServerContext, ServerDependencies } from "./server_context.ts";
import type { ServerEvent } from "./server_event.ts";
import type { Session } from "./session/session.ts";
import { Strangers } from "./admission/strangers.ts";
import { TokenBuckets } from "./admission/token_buckets.ts";
import { watchLedger } from "./ledger_watch.ts";

export interface ServerOptions {
  /** The source of connections. Clients that connect before the server starts wait. */
  readonly listener: Listener;
  /** The name of this machine, for people who look into the ledger's tables. */
  readonly hostname?: string | undefined;
  /** The proxies. Each of their connections begins with a PROXY header. */
  readonly proxies?: readonly AddressRange[] | undefined;
  /** How many members' connections are served at a time, 1 or more. */
  readonly userLimit: number;
  /** The starting balance of a new account, 0 to 2^53-1. */
  readonly initialBalance: number;
  /** Whether a new account needs an invitation. It needs none by default. */
  readonly join?: "open" | "invite" | undefined;
  /** How many accounts the ledger may have, 1 or more. */
  readonly accountsMax: number;
  readonly processors?: number | undefined;
  /** The witnesses whose cosignatures are kept, at most `witnessesMax`. */
  readonly witnesses?: readonly VerifierKey[];
}

export class Server {
  /** The endpoint that it listens on, with the actual port. */
  readonly endpoint: Endpoint;

  /** Names this process among the servers of the ledger. */
  readonly id: string;

  readonly #acceptor: Acceptor;
  readonly #proxied: ProxiedStreams;
  readonly #context: ServerContext;
  readonly #connections = new Map<ServedConnection, Promise<void>>();
  readonly #settle = Promise.withResolvers<void>();
  /** Settles when the server has stopped. Rejects when an error of the ledger stopped it. */
  readonly stopped = this.#settle.promise;
  readonly #watch: RepeatedTask;
  readonly #attendance: RepeatedTask;
  readonly #unfollow: () => void;
  readonly #stopExpiryWatch: () => void;
  #stopping: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Starts to accept connections. */
  constructor(options: ServerOptions, dependencies: ServerDependencies) {
    const { listener, userLimit, initialBalance, accountsMax } = options;
    const { processors = processorsDefault, proxies = [], witnesses = [], join = "open" } = options;
    const { anchor, clock, identity, ledger, report, sessionKeys } = dependencies;
    const sessions = new MemberSessions();
    const queue = new FairQueue({
      inFlightMax: Math.min(processors + costlyBesideProcessors, costlyAtOnceMax),
    });
    const nonce = makeNonce(dependencies.random);
    const { hostname } = options;
    this.id = hostname === undefined ? nonce : `${hostname}:${listener.endpoint.port} ${nonce}`;
    const decisions = new DecisionPushes({
      sessions,
      queue,
      identity,
      anchor,
      onFailure: (error) => this.#takeLedgerFault("tell a decision", error),
    });
    const relays = new Relays(dependencies);
    this.#context = {
      ...dependencies,
      initialBalance,
      join,
      serverId: this.id,
      sessions,
      queue,
      decisions,
      ledgerFaults: new LedgerFaults(dependencies),
      admission: new Admission({ userLimit, places: waitingRoomPlaces }),
      strangers: new Strangers(),
      firstLines: new FirstLines(dependencies),
      registrations: new Registrations({ ...dependencies, accountsMax }),
      published: new PublishedCheckpoints({ ...dependencies, witnesses }),
      relays,
      exchange: new RelayExchange({
        ...{ store: ledger.relayStore(), clock, queue, relays, sessions, serverId: this.id },
        onFailure: (error) => this.#takeLedgerFault("pass on relayed messages", error),
      }),
      strangerRequests: new TokenBuckets({
        clock,
        atOnce: strangerRequestsAtOnce,
        everyMs: strangerRequestEveryMs,
      }),
      failStop: (error) => {
        this.#failure ??= { error };
        this.stop();
      },
    };
    this.endpoint = listener.endpoint;
    report({ kind: "listening", endpoint: this.endpoint });
    this.#stopExpiryWatch = watchExpiry({
      clock,
      report,
      serverNotAfterMs: identity.certificate.notAfterMs,
      caNotAfterMs: anchor.notAfterMs,
    });
    this.#watch = watchLedger({
      ...this.#context,
      end: (session) => this.#endSession(session),
      onFailure: (error) => this.#takeLedgerFault("look at the ledger", error),
    });
    this.#attendance = attendLedger({
      ...this.#context,
      onFailure: (error) => this.#takeLedgerFault("look at the other servers", error),
    });
    this.#unfollow = ledger.follow((some) => decisions.tell(some), {
      isFor: (name) => sessions.of(name).length > 0,
    });
    sessionKeys.start({
      onFault: (error) => report({ kind: "fault", attempt: "make a session key", error }),
    });
    this.#proxied = new ProxiedStreams({
      from: proxies,
      clock,
      onStream: (stream) => this.#serve(stream),
      onOwnStream: (stream) => this.#serve(stream, this.#forChecks()),
      onRefused: (refused) => report({ kind: "line_refused", ...refused }),
    });
    this.#acceptor = new Acceptor(listener, {
      clock,
      onStream: (stream) => this.#proxied.add(stream),
      onFault: (fault) => report({ kind: "fault", ...fault }),
    });
  }

  /**
   * Stops accepting, finishes requests under way for up to `shutdownGraceMs`, says goodbye to the
   * clients, and closes the ledger.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.stopped;
  }

  /** Returns the context of a proxy's health checks. Two lines every few seconds tell nothing. */
  #forChecks(): ServerContext {
    const { report } = this.#context;
    const isSilent = ({ kind }: ServerEvent) => kind === "connected" || kind === "disconnected";
    return { ...this.#context, report: (event) => isSilent(event) || report(event) };
  }

  #serve(stream: ByteStream, context = this.#context): void {
    const connection = new ServedConnection(stream, context);
    const served = connection.serve().finally(() => this.#connections.delete(connection));
    this.#connections.set(connection, served);
    if (this.#stopping) connection.stop();
  }

  /** Ends a session of a member that the operator revoked or closed. */
  #endSession(session: Session): void {
    for (const connection of this.#connections.keys()) {
      if (connection.serves(session)) connection.dismiss();
    }
  }

  #takeLedgerFault(attempt: string, error: unknown): void {
    const { failStop, report } = this.#context;
    if (error instanceof LedgerError) failStop(error);
    // The ledger itself says when its database is lost and when it is back.
    else if (!isLedgerUnavailable(error)) report({ kind: "fault", attempt, error });
  }

  async #stop(): Promise<void> {
    const { admission, clock, exchange, ledger, report, sessionKeys } = this.#context;
    report({ kind: "stopping", served: admission.servedCount });
    this.#acceptor.close();
    this.#proxied.close();
    this.#watch.stop();
    this.#stopExpiryWatch();
    this.#attendance.stop();
    sessionKeys.stop();
    const cancel = clock.schedule(shutdownGraceMs, () => {
      for (const connection of this.#connections.keys()) connection.abort();
    });
    for (const connection of this.#connections.keys()) connection.stop();
    await Promise.all(this.#connections.values());
    cancel();
    this.#unfollow();
    await exchange.stop();
    try {
      await ledger.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    report({ kind: "stopped" });
    if (this.#failure) this.#settle.reject(this.#failure.error);
    else this.#settle.resolve();
  }
}
