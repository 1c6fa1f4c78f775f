/**
 * A client's connection to its server: requests with their replies, and the server's pushes.
 */
import type { Clock } from "../clock.ts";
import { ClosedError, messageOf, TimeoutError } from "../errors.ts";
import { requestsUnderWayMax, serverSilenceMsMax, waitingSilenceMsMax } from "../limits.ts";
import type { Message } from "../envelope/message.ts";
import type { CertificateChain } from "../pki/signed_document.ts";
import type { VerifiedCertificate } from "../pki/certificate_profile.ts";
import { balanceRequestType } from "../protocol/balance.ts";
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
}

interface Asked {
  readonly answer: PromiseWithResolvers<Reply>;
  readonly deadline: Deadline;
}

export class ServerLink {
  readonly channel: Channel;
  /** The server's certificate, which came with its greeting. */
  readonly serverChain: CertificateChain;
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<ClosedError>;

  readonly #options: ServerLinkOptions;
  readonly #clock: Clock;
  /** By the `seq` of the request. */
  readonly #asked = new Map<number, Asked>();
  readonly #places = new Semaphore(requestsUnderWayMax);
  readonly #listeners = new Map<string, Set<(body: JsonObject) => void>>();
  /** The server's clock by its last message. */
  #told: ToldTime;
  /** The server's clock by its greeting. */
  readonly #greeted: ToldTime;
  /** The place in the waiting room; `undefined` while served. */
  #place: number | undefined;
  #isServed = false;
  #ended: ClosedError | undefined;
  /** Why the server says that it ends the connection. */
  #closing: Goodbye | "full" | undefined;

  constructor(channel: Channel, options: ServerLinkOptions) {
    const { clock, serverTimeMs } = options;
    this.channel = channel;
    this.serverChain = [this.serverCertificate.der];
    this.#options = options;
    this.#clock = clock;
    this.#told = { serverMs: serverTimeMs, monotonicMs: clock.monotonicMs() };
    this.#greeted = this.#told;
    this.closed = this.#read();
  }

  /** The certificate of the key that verifies what the server signs. */
  get serverCertificate(): VerifiedCertificate {
    const { peer } = this.channel;
    if (peer.kind !== "certified") throw new TypeError("a server has a certificate");
    return peer.certificate;
  }

  /** The server's goodbye that can never be followed by another login, if it said one. */
  get finalGoodbye(): "dismissed" | "replaced" | undefined {
    return this.#closing === "dismissed" || this.#closing === "replaced"
      ? this.#closing
      : undefined;
  }

  /** Whether the connection is open, as far as is known. */
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
   * reply.
   *
   * @throws {TimeoutError} when none comes in time. A later one is ignored, because no `seq` is
   * used twice, and the connection stays usable
   * @throws {ClosedError} when the connection ends before the reply
   * @throws {ProtocolError} when the reply is not of its shape
   */
  ask<Request extends object, Answer>(
    requestType: RequestType<Request, Answer>,
    request: Request,
  ): Promise<Outcome<Answer>> {
    return this.#places.run(() => this.#ask(requestType, request));
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
    await this.channel.end();
    await this.closed;
  }

  async #ask<Request extends object, Answer>(
    requestType: RequestType<Request, Answer>,
    request: Request,
  ): Promise<Outcome<Answer>> {
    if (this.#ended) throw this.#ended;
    const { seq, written } = this.channel.send(requestType.type, request as JsonObject);
    const answer = Promise.withResolvers<Reply>();
    const deadline = new Deadline(this.#clock, () => answer.reject(this.#late(requestType.type)));
    this.#asked.set(seq, { answer, deadline });
    deadline.set(this.#options.timeoutMs);
    written.catch((error) => answer.reject(error));
    try {
      return decodeOutcome(requestType, await answer.promise);
    } finally {
      deadline.clear();
      this.#asked.delete(seq);
    }
  }

  async #read(): Promise<ClosedError> {
    const attempt = `talk to ${endpointText(this.channel.remote)}`;
    let reason = "the server closed the connection";
    let cause: unknown;
    try {
      for (;;) {
        // When the server's power or network fails, no end arrives, and the system waits for hours.
        const arrival = await this.channel.receive({ idleTimeoutMs: serverSilenceMsMax });
        if (arrival.kind === "end") break;
        this.#dispatch(arrival.message);
      }
    } catch (error) {
      cause = error;
      reason = messageOf(error);
      this.channel.close();
    }
    if (this.#closing) reason = goodbyeTexts[this.#closing];
    this.#ended = new ClosedError(`${attempt}: ${reason}`, { cause });
    for (const { answer } of this.#asked.values()) answer.reject(this.#ended);
    return this.#ended;
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
    const server = endpointText(this.channel.remote);
    return new TimeoutError(`ask ${server} for ${type}: no answer in time${place}`);
  }

  #serverMs({ serverMs, monotonicMs }: ToldTime): number {
    return serverMs + (this.#clock.monotonicMs() - monotonicMs);
  }

  #dispatch({ type, body, iat }: Message): void {
    this.#told = { serverMs: iat * 1000, monotonicMs: this.#clock.monotonicMs() };
    if (type === replyType) {
      const reply = decodeReply(body);
      this.#isServed = true;
      this.#place = undefined;
      this.#asked.get(reply.re)?.answer.resolve(reply);
      return;
    }
    // When it cannot be written, the reader finds that the connection is over.
    if (type === pingType) {
      check(pingShape, body, "read a ping");
      this.channel.send(pongType, {}).written.catch(() => {});
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
