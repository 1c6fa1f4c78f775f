/**
 * A client's connection to its server: requests with their replies, and the server's pushes. Where
 * a ledger has other servers, the link moves to one of them when its server is lost, and asks there
 * again what had no answer. Every request may be repeated: an order is booked once, whichever
 * servers get it.
 */
import type { Clock } from "../clock.ts";
import { ClosedError, isConnectionFault, messageOf, TimeoutError } from "../errors.ts";
import { requestsUnderWayMax, serverSilenceMsMax, waitingSilenceMsMax } from "../limits.ts";
import type { Message } from "../envelope/message.ts";
import type { CertificateChain } from "../pki/signed_document.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import { balanceRequestType } from "../protocol/balance.ts";
import type { Code } from "../protocol/code.ts";
import {
  check,
  decodeOutcome,
  decodeReply,
  type Outcome,
  type Refusal,
  type Reply,
  replyType,
  type RequestType,
} from "../protocol/request_type.ts";
import { closingShape, closingType } from "../protocol/exit.ts";
import { pingShape, pingType, pongType } from "../protocol/ping.ts";
import { waitingShape, waitingType } from "../protocol/waiting.ts";
import { Semaphore } from "../semaphore.ts";
import type { JsonObject } from "../strict_json.ts";
import type { Channel } from "../transport/channel.ts";
import { Deadline } from "../transport/deadline.ts";
import { endpointText } from "../transport/byte_stream.ts";

export interface ServerLinkOptions {
  readonly clock: Clock;
  /** How long a reply may take. */
  readonly timeoutMs: number;
  /** Whether this also holds in the waiting room. Else a reply may take as long as notices come. */
  readonly boundsWaiting?: boolean | undefined;
  /** Called with each new place in the waiting room. The next to be served has place 1. */
  readonly onWaiting?: ((place: number) => void) | undefined;
  /** The server's clock by its greeting, in milliseconds since the epoch. */
  readonly serverTimeMs: number;
  /** The ledger's other servers. Absent when there are none. */
  readonly others?: OtherServers | undefined;
}

/** What a link moves to. */
export interface OtherServers {
  /** How many servers there are in all. */
  readonly count: number;
  /**
   * Connects to another server of the same ledger, as the same party.
   *
   * @throws {ConnectError} | {TimeoutError} | {ClosedError} when none answers
   * @throws {UntrustedError} when what answers is not to be trusted
   */
  readonly connect: () => Promise<Pick<ServerLinkOptions, "serverTimeMs"> & { channel: Channel }>;
}

/** Refusals that another server may not repeat: it registers nobody, or has no database now. */
const codesForOthers: readonly Code[] = [219, 510];

/**
 * Refusals of a connection: the member has too many, or the server cannot look up whose it is. The
 * server then ends it, and books nothing that comes later.
 */
const codesOfConnection: readonly Code[] = [230, 510];

function isForOthers(outcome: Outcome<unknown>): boolean {
  return outcome.outcome === "refused" && codesForOthers.includes(outcome.code);
}

function refusalOfConnection({ code, text }: Reply): Refusal | undefined {
  return codesOfConnection.includes(code) ? { outcome: "refused", code, text } : undefined;
}

interface Asked {
  readonly answer: PromiseWithResolvers<Reply>;
  readonly deadline: Deadline;
}

export class ServerLink {
  /** Resolves with the reason when the connection is over, and the link does not move. */
  readonly closed: Promise<ClosedError>;

  readonly #options: ServerLinkOptions;
  readonly #clock: Clock;
  /** What was asked on the present connection, by the `seq` of the request. */
  #asked = new Map<number, Asked>();
  readonly #places = new Semaphore(requestsUnderWayMax);
  readonly #listeners = new Map<string, Set<(body: JsonObject) => void>>();
  readonly #lossListeners: (() => void)[] = [];
  readonly #closed = Promise.withResolvers<ClosedError>();
  #channel!: Channel;
  #serverChain!: CertificateChain;
  /** The server's clock by its last message. */
  #told!: ToldTime;
  /** The server's clock by its greeting. */
  #greeted!: ToldTime;
  /** The place in the waiting room; `undefined` while served. */
  #place: number | undefined;
  #isServed = false;
  #isStaying = false;
  /** Why the present connection is over. */
  #lost: ClosedError | undefined;
  /** The first answer on the present connection, if it may have refused the connection. */
  #refused: Refusal | undefined;
  /** Why the link is over. */
  #ended: ClosedError | undefined;
  #moving: Promise<void> | undefined;
  /** Why the server says that it ends the connection. */
  #closing: Goodbye | "full" | undefined;

  constructor(channel: Channel, options: ServerLinkOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#isStaying = options.others === undefined;
    this.closed = this.#closed.promise;
    this.#use(channel, options);
  }

  /** The present connection. */
  get channel(): Channel {
    return this.#channel;
  }

  /** The server's certificate, which came with its greeting. */
  get serverChain(): CertificateChain {
    return this.#serverChain;
  }

  /** The certificate of the key that verifies what the server signs. */
  get serverCertificate(): VerifiedCertificate {
    const { peer } = this.#channel;
    if (peer.kind !== "certified") throw new TypeError("a server has a certificate");
    return peer.certificate;
  }

  /** The server's goodbye that can never be followed by another login, if it said one. */
  get finalGoodbye(): "dismissed" | "replaced" | undefined {
    return this.#closing === "dismissed" || this.#closing === "replaced"
      ? this.#closing
      : undefined;
  }

  /** Whether the link is open, as far as is known. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /**
   * Returns the server's clock. Orders are stamped and judged by it, so a wrong clock on a member's
   * machine does no harm.
   */
  nowMs(): number {
    return this.#serverMs(this.#told);
  }

  /**
   * Sends a request, as soon as fewer than `requestsUnderWayMax` have no reply, and waits for its
   * reply. Where there are other servers, it moves on while it gets none.
   *
   * @param isUnanswered whether another server may answer this otherwise. Absent: when the server
   * registers nobody or does not reach the database
   * @throws {TimeoutError} when none comes in time. A later one is ignored, because no `seq` is
   * used twice, and the connection stays usable
   * @throws {ClosedError} when the connection ends before the reply
   * @throws {ConnectError} | {UntrustedError} when no other server can be used
   * @throws {ProtocolError} when the reply is not of its shape
   */
  ask<Request extends object, Answer>(
    requestType: RequestType<Request, Answer>,
    request: Request,
    isUnanswered: (outcome: Outcome<Answer>) => boolean = isForOthers,
  ): Promise<Outcome<Answer>> {
    return this.#places.run(async () => {
      const { count = 1 } = this.#options.others ?? {};
      for (let tried = 1;; tried++) {
        const channel = this.#channel;
        const mayMove = () => tried < count && !this.#isStaying && !this.#ended;
        try {
          const outcome = await this.#ask(requestType, request);
          if (!isUnanswered(outcome) || !mayMove()) return outcome;
        } catch (error) {
          if (!isConnectionFault(error)) throw error;
          if (!mayMove()) throw this.#endAfter(error, channel);
        }
        await this.#moveFrom(channel);
      }
    });
  }

  /**
   * Stays with its present connection from now on, which means something to the server: it makes a
   * member online.
   */
  stay(): void {
    this.#isStaying = true;
    if (this.#lost) this.#end(this.#lost);
  }

  /** Calls `listener` when a connection is over, also when the link moves to another server. */
  onLost(listener: () => void): void {
    this.#lossListeners.push(listener);
  }

  /**
   * Waits until the server has served this connection once. An order that is signed before that
   * could expire in the waiting room.
   *
   * @returns the refusal when the server does not serve this connection
   */
  async beServed(): Promise<Refusal | undefined> {
    if (this.#isServed) return undefined;
    const outcome = await this.ask(balanceRequestType, {});
    return outcome.outcome === "refused" ? outcome : undefined;
  }

  /**
   * Calls `listener` with the body of every push of this type.
   *
   * @returns stops that
   */
  listen(type: string, listener: (body: JsonObject) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Closes the connection when everything that was sent is written. */
  async end(): Promise<void> {
    this.stay();
    await this.#channel.end();
    await this.closed;
  }

  /** Closes the connection at once. */
  close(): void {
    this.stay();
    this.#channel.close();
  }

  #use(channel: Channel, { serverTimeMs }: Pick<ServerLinkOptions, "serverTimeMs">): void {
    this.#channel = channel;
    this.#serverChain = [this.serverCertificate.der];
    this.#told = { serverMs: serverTimeMs, monotonicMs: this.#clock.monotonicMs() };
    this.#greeted = this.#told;
    this.#place = undefined;
    this.#isServed = false;
    this.#closing = undefined;
    this.#lost = undefined;
    this.#refused = undefined;
    this.#asked = new Map();
    this.#read(channel, this.#asked);
  }

  /** Moves to another server, unless another request has moved the link meanwhile. */
  async #moveFrom(channel: Channel): Promise<void> {
    if (channel !== this.#channel) return;
    await (this.#moving ??= this.#move().finally(() => this.#moving = undefined));
  }

  async #move(): Promise<void> {
    this.#channel.close();
    try {
      const { channel, serverTimeMs } = await this.#options.others!.connect();
      if (!this.#isStaying) return this.#use(channel, { serverTimeMs });
      channel.close();
      throw this.#ended ?? new ClosedError("move to another server: the connection was given up");
    } catch (error) {
      this.#end(new ClosedError(messageOf(error), { cause: error }));
      throw error;
    }
  }

  /** Ends the link when no server is left to move to. Returns the error. */
  #endAfter(error: Error, channel: Channel): Error {
    if (channel === this.#channel && this.#lost) this.#end(this.#lost);
    return error;
  }

  #end(reason: ClosedError): void {
    this.#ended ??= reason;
    this.#closed.resolve(this.#ended);
  }

  async #ask<Request extends object, Answer>(
    requestType: RequestType<Request, Answer>,
    request: Request,
  ): Promise<Outcome<Answer>> {
    const over = this.#ended ?? this.#lost;
    // Nothing was sent, and a caller can tell a refusal in better words than a lost connection.
    if (over && this.#refused) return this.#refused;
    if (over) throw over;
    const asked = this.#asked;
    const { seq, written } = this.#channel.send(requestType.type, request as JsonObject);
    const answer = Promise.withResolvers<Reply>();
    const deadline = new Deadline(this.#clock, () => answer.reject(this.#late(requestType.type)));
    asked.set(seq, { answer, deadline });
    deadline.set(this.#options.timeoutMs);
    written.catch((error) => answer.reject(error));
    try {
      return decodeOutcome(requestType, await answer.promise);
    } finally {
      deadline.clear();
      asked.delete(seq);
    }
  }

  async #read(channel: Channel, asked: ReadonlyMap<number, Asked>): Promise<void> {
    const attempt = `talk to ${endpointText(channel.remote)}`;
    let reason = "the server closed the connection";
    let cause: unknown;
    try {
      for (;;) {
        // When the server's power or network fails, no end arrives, and the system waits for hours.
        const arrival = await channel.receive({ idleTimeoutMs: serverSilenceMsMax });
        if (arrival.kind === "end" || channel !== this.#channel) break;
        this.#dispatch(arrival.message);
      }
    } catch (error) {
      cause = error;
      reason = messageOf(error);
      channel.close();
    }
    const isPresent = channel === this.#channel;
    if (isPresent && this.#closing) reason = goodbyeTexts[this.#closing];
    const error = new ClosedError(`${attempt}: ${reason}`, { cause });
    if (isPresent) this.#lost = error;
    for (const { answer } of asked.values()) answer.reject(error);
    // After a final goodbye, another server would say the same.
    if (isPresent && (this.#isStaying || this.finalGoodbye)) this.#end(error);
    for (const listener of this.#lossListeners) listener();
  }

  #wait(body: JsonObject, { iat }: Pick<Message, "iat">): void {
    const { place } = check(waitingShape, body, "read a place in the waiting room");
    if (place === 0) {
      this.#closing = "full";
      return;
    }
    // An attacker on the network could hold notices back, and have this side wait for ever.
    if (this.#serverMs(this.#greeted) - iat * 1000 > waitingSilenceMsMax) return;
    if (place !== this.#place) this.#options.onWaiting?.(place);
    this.#place = place;
    if (this.#options.boundsWaiting) return;
    for (const { deadline } of this.#asked.values()) deadline.set(waitingSilenceMsMax);
  }

  #late(type: string): TimeoutError {
    const place = this.#place === undefined ? "" : `, at place ${this.#place} of its waiting room`;
    const server = endpointText(this.#channel.remote);
    return new TimeoutError(`ask ${server} for ${type}: no answer in time${place}`);
  }

  #serverMs({ serverMs, monotonicMs }: ToldTime): number {
    return serverMs + (this.#clock.monotonicMs() - monotonicMs);
  }

  #dispatch({ type, body, iat }: Message): void {
    this.#told = { serverMs: iat * 1000, monotonicMs: this.#clock.monotonicMs() };
    if (type === replyType) {
      const reply = decodeReply(body);
      this.#refused = this.#isServed ? undefined : refusalOfConnection(reply);
      this.#isServed = true;
      this.#place = undefined;
      this.#asked.get(reply.re)?.answer.resolve(reply);
      return;
    }
    // When it cannot be written, the reader finds that the connection is over.
    if (type === pingType) {
      check(pingShape, body, "read a ping");
      this.#channel.send(pongType, {}).written.catch(() => {});
    }
    if (type === closingType) this.#closing = readGoodbye(body);
    if (type === waitingType) this.#wait(body, { iat });
    for (const listener of this.#listeners.get(type) ?? []) listener(body);
  }
}

/** A server's time, and this machine's monotonic time at the moment it came. */
interface ToldTime {
  readonly serverMs: number;
  readonly monotonicMs: number;
}

type Goodbye = "dismissed" | "replaced" | "stopping";

const goodbyeTexts: Readonly<Record<Goodbye | "full", string>> = {
  dismissed: "the operator revoked this account's certificate or closed the account",
  replaced: "this client gave no sign of life, and another login of this account took its place",
  stopping: "the server is stopping",
  full: "it is full; try again later",
};

function readGoodbye(body: JsonObject): Goodbye {
  const { dismissed, replaced } = check(closingShape, body, "read a goodbye");
  if (dismissed) return "dismissed";
  return replaced ? "replaced" : "stopping";
}
