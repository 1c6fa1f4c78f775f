/**
 * A client's connection to its server: questions and their answers, and what the server says of its own accord.
 */
import type { Clock } from "../clock.ts";
import { ClosedError, messageOf, TimeoutError } from "../errors.ts";
import { serverSilenceMsMax } from "../limits.ts";
import type { Message } from "../envelope/message.ts";
import {
  check,
  decodeOutcome,
  decodeReply,
  type Exchange,
  type Outcome,
  type Reply,
  replyType,
} from "../protocol/exchange.ts";
import { closingShape, closingType } from "../protocol/exit.ts";
import { pingShape, pingType, pongType } from "../protocol/ping.ts";
import type { JsonObject } from "../strict_json.ts";
import type { Channel } from "../transport/channel.ts";
import { Deadline } from "../transport/deadline.ts";
import { endpointText } from "../transport/byte_stream.ts";

export interface ServerLinkOptions {
  readonly clock: Clock;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** The server's clock as its greeting told it, in milliseconds since the epoch. */
  readonly serverTimeMs: number;
}

export class ServerLink {
  readonly channel: Channel;
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<ClosedError>;

  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, PromiseWithResolvers<Reply>>();
  readonly #listeners = new Map<string, Set<(body: JsonObject) => void>>();
  /** The server's time, and this machine's at the moment it was told. */
  #told: { readonly serverMs: number; readonly monotonicMs: number };
  #ended: ClosedError | undefined;
  /** Why the server says that it ends the connection. */
  #closing: string | undefined;

  constructor(channel: Channel, { clock, timeoutMs, serverTimeMs }: ServerLinkOptions) {
    this.channel = channel;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#told = { serverMs: serverTimeMs, monotonicMs: clock.monotonicMs() };
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
    return this.#told.serverMs + (this.#clock.monotonicMs() - this.#told.monotonicMs);
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
    const waiter = Promise.withResolvers<Reply>();
    this.#waiting.set(seq, waiter);
    const deadline = new Deadline(this.#clock, () => {
      const server = endpointText(this.channel.remote);
      waiter.reject(new TimeoutError(`ask ${server} for ${exchange.type}: no answer in time`));
    });
    deadline.set(this.#timeoutMs);
    written.catch((error) => waiter.reject(error));
    try {
      return decodeOutcome(exchange, await waiter.promise);
    } finally {
      deadline.clear();
      this.#waiting.delete(seq);
    }
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
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    return this.#ended;
  }

  #dispatch({ type, body, iat }: Message): void {
    this.#told = { serverMs: iat * 1000, monotonicMs: this.#clock.monotonicMs() };
    if (type === replyType) {
      const reply = decodeReply(body);
      this.#waiting.get(reply.re)?.resolve(reply);
      return;
    }
    // When it cannot be written the connection is over, and its reader finds out.
    if (type === pingType) {
      check(pingShape, body, "read a ping");
      this.channel.send(pongType, {}).written.catch(() => {});
    }
    if (type === closingType) this.#closing = closingReason(body);
    for (const listener of this.#listeners.get(type) ?? []) listener(body);
  }
}

function closingReason(body: JsonObject): string {
  const { dismissed } = check(closingShape, body, "read a goodbye");
  return dismissed === true
    ? "the operator revoked this account's certificate or closed the account"
    : "the server is stopping";
}
