/**
 * A client's connection to its server: questions and their answers, and what the server says of its own accord.
 */
import type { Clock } from "../clock.ts";
import { ClosedError, messageOf, TimeoutError } from "../errors.ts";
import { serverSilenceMsMax, waitingSilenceMsMax } from "../limits.ts";
import type { Message } from "../envelope/message.ts";
import { balanceExchange } from "../protocol/balance.ts";
import {
  check,
  decodeOutcome,
  decodeReply,
  type Exchange,
  type Outcome,
  type Refusal,
  type Reply,
  replyType,
} from "../protocol/exchange.ts";
import { closingShape, closingType } from "../protocol/exit.ts";
import { pingShape, pingType, pongType } from "../protocol/ping.ts";
import { waitingShape, waitingType } from "../protocol/waiting.ts";
import type { JsonObject } from "../strict_json.ts";
import type { Channel } from "../transport/channel.ts";
import { Deadline } from "../transport/deadline.ts";
import { endpointText } from "../transport/byte_stream.ts";

export interface ServerLinkOptions {
  readonly clock: Clock;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** Whether that holds in the server's waiting room, too. Else an answer may take as long as the server tells the place. */
  readonly boundsWaiting?: boolean | undefined;
  /** Told the place in the waiting room, 1 being the next, whenever it is another one. */
  readonly onWaiting?: ((place: number) => void) | undefined;
  /** The server's clock as its greeting told it, in milliseconds since the epoch. */
  readonly serverTimeMs: number;
}

/** A question that has no answer yet. */
interface Asked {
  readonly answer: PromiseWithResolvers<Reply>;
  readonly deadline: Deadline;
}

export class ServerLink {
  readonly channel: Channel;
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<ClosedError>;

  readonly #options: ServerLinkOptions;
  readonly #clock: Clock;
  /** By the `seq` of the question. */
  readonly #asked = new Map<number, Asked>();
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
  #closing: string | undefined;

  constructor(channel: Channel, options: ServerLinkOptions) {
    const { clock, serverTimeMs } = options;
    this.channel = channel;
    this.#options = options;
    this.#clock = clock;
    this.#told = { serverMs: serverTimeMs, monotonicMs: clock.monotonicMs() };
    this.#greeted = this.#told;
    this.closed = this.#read();
  }

  /** Whether the connection is still there, as far as is known. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /**
   * The server's clock. Orders are stamped and judged by it, so a wrong clock on a member's machine books nothing wrongly.
   */
  nowMs(): number {
    return this.#serverMs(this.#told);
  }

  /**
   * Asks and waits for the answer.
   *
   * @throws {TimeoutError} when there is none in time; it may still come and is ignored then: a reply says which `seq` it is for, and no
   * `seq` is used twice, so the connection can be used on
   * @throws {ClosedError} when the connection ends before
   * @throws {ProtocolError} when the answer is not of its shape
   */
  async ask<Request extends object, Answer>(
    exchange: Exchange<string, Request, Answer>,
    request: Request,
  ): Promise<Outcome<Answer>> {
    if (this.#ended) throw this.#ended;
    const { seq, written } = this.channel.send(exchange.type, request as JsonObject);
    const answer = Promise.withResolvers<Reply>();
    const deadline = new Deadline(this.#clock, () => answer.reject(this.#late(exchange.type)));
    this.#asked.set(seq, { answer, deadline });
    deadline.set(this.#options.timeoutMs);
    written.catch((error) => answer.reject(error));
    try {
      return decodeOutcome(exchange, await answer.promise);
    } finally {
      deadline.clear();
      this.#asked.delete(seq);
    }
  }

  /**
   * Waits until the server serves this connection, which it does from its first answer on. For what must not grow old in the waiting
   * room, such as an order.
   *
   * @returns the refusal when the server does not serve it
   */
  async beServed(): Promise<Refusal | undefined> {
    if (this.#isServed) return undefined;
    const outcome = await this.ask(balanceExchange, {});
    return outcome.outcome === "refused" ? outcome : undefined;
  }

  /**
   * Calls `listener` for every message of this type that is not a reply.
   *
   * @returns stops that
   */
  listen(type: string, listener: (body: JsonObject) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Lets what was sent go out, then closes. */
  async end(): Promise<void> {
    await this.channel.end();
    await this.closed;
  }

  async #read(): Promise<ClosedError> {
    const attempt = `talk to ${endpointText(this.channel.remote)}`;
    let reason = "the server closed the connection";
    let cause: unknown;
    try {
      for (;;) {
        // A server that lost power, or the way to it, sends no end: the system would wait for hours.
        const arrival = await this.channel.receive({ idleTimeoutMs: serverSilenceMsMax });
        if (arrival.kind === "end") break;
        this.#dispatch(arrival.message);
      }
    } catch (error) {
      cause = error;
      reason = messageOf(error);
      this.channel.close();
    }
    reason = this.#closing ?? reason;
    this.#ended = new ClosedError(`${attempt}: ${reason}`, { cause });
    for (const { answer } of this.#asked.values()) answer.reject(this.#ended);
    return this.#ended;
  }

  #wait(body: JsonObject, { iat }: Pick<Message, "iat">): void {
    const { place } = check(waitingShape, body, "read a place in the waiting room");
    if (place === 0) {
      this.#closing = "it is full; try again later";
      return;
    }
    // Somebody on the way may hold notices back and let them through one by one, to have this side wait for ever.
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
    // When it cannot be written the connection is over, and its reader finds out.
    if (type === pingType) {
      check(pingShape, body, "read a ping");
      this.channel.send(pongType, {}).written.catch(() => {});
    }
    if (type === closingType) this.#closing = closingReason(body);
    if (type === waitingType) this.#wait(body, { iat });
    for (const listener of this.#listeners.get(type) ?? []) listener(body);
  }
}

/** A server's time, and this machine's monotonic one at the moment it was told. */
interface ToldTime {
  readonly serverMs: number;
  readonly monotonicMs: number;
}

function closingReason(body: JsonObject): string {
  const { dismissed } = check(closingShape, body, "read a goodbye");
  return dismissed === true
    ? "the operator revoked this account's certificate or closed the account"
    : "the server is stopping";
}
