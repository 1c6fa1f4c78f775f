/**
 * A channel: sealed messages over one connection, client to server or peer to peer. It knows the
 * place of each message: its connection, direction and number.
 */
import { type Clock, nowSeconds } from "../clock.ts";
import { type Peer, peerUri, type Signer, signerUri } from "../envelope/peer.ts";
import type { Message } from "../envelope/message.ts";
import { openNext } from "../envelope/open.ts";
import type { Scheduler } from "../envelope/scheduler.ts";
import { seal } from "../envelope/seal.ts";
import type { RecipientKey, SessionKey } from "../envelope/session_key.ts";
import type { JsonObject } from "../strict_json.ts";
import type { ByteStream, Endpoint } from "./byte_stream.ts";
import type { LineReader } from "./line_reader.ts";
import type { LineWriter } from "./line_writer.ts";

/** What a channel receives: a message with its sealed line, or the end. */
export type Arrival =
  | { readonly kind: "message"; readonly message: Message; readonly line: string }
  | { readonly kind: "end" };

/** A message that is being sent. */
export interface Sending {
  /** Its number in its direction. */
  readonly seq: number;
  /** Resolves when the message is sealed, or cannot be. */
  readonly sealed: Promise<void>;
  /** Resolves when the system has taken the line. Rejects when it cannot be written. */
  readonly written: Promise<void>;
}

/** Observes each sealed line, for `--verbose` and the server's output. */
export type LineObserver = (direction: "in" | "out", line: string) => void;

/** The two ends of a channel after the handshake. */
export interface ChannelEnds {
  readonly stream: ByteStream;
  readonly reader: LineReader;
  readonly writer: LineWriter;
  readonly clock: Clock;
  /** The greeting's nonce. */
  readonly conn: string;
  readonly sessionKey: SessionKey;
  readonly signer: Signer;
  readonly peer: Peer;
  readonly recipient: RecipientKey;
  readonly observe?: LineObserver | undefined;
  /** Runs the opening of received messages. When absent, it runs at once. */
  readonly scheduler?: Scheduler | undefined;
}

/** Sends and receives sealed messages. Each side numbers its own from 0. */
export class Channel {
  readonly peer: Peer;
  readonly #ends: ChannelEnds;
  #received: number;
  #sent = 0;
  /** Whether this end connected, so that its first message must introduce it. */
  readonly #introduces: boolean;

  /**
   * @param options.received messages received before: 1 on the accepting side, 0 on the connecting
   * side
   */
  constructor(ends: ChannelEnds, { received }: { received: 0 | 1 }) {
    this.#ends = ends;
    this.#received = received;
    this.#introduces = received === 0;
    this.peer = ends.peer;
  }

  get remote(): Endpoint {
    return this.#ends.stream.remote;
  }

  get local(): Endpoint {
    return this.#ends.stream.local;
  }

  /** Resolves when the send queue has room. Senders of many concurrent messages wait for it. */
  waitForRoom(): Promise<void> {
    return this.#ends.writer.waitForRoom();
  }

  /**
   * Seals a message at once and writes it after all earlier ones. No scheduler delays the sealing,
   * because a numbered message that waits would hold up all later ones. A caller that must bound
   * the cost waits for its turn before this call.
   */
  send(type: string, body: JsonObject): Sending {
    const seq = this.#sent++;
    let sealing: Promise<string> | undefined;
    const written = this.#ends.writer.write(() => sealing = this.#seal({ type, seq, body }));
    const over = () => {};
    return { seq, sealed: sealing ? sealing.then(over, over) : Promise.resolve(), written };
  }

  /**
   * Receives the next message. One call at a time. A connection that closes within a line counts as
   * ended.
   *
   * @param options.idleTimeoutMs longest wait for its start; unlimited when absent
   * @throws {EnvelopeError} when the line is not the next message; the connection is closed then
   * @throws {TimeoutError} when it does not arrive in time; the connection is closed then
   */
  async receive(options: { idleTimeoutMs?: number | undefined } = {}): Promise<Arrival> {
    const { conn, peer, observe, reader, scheduler, sessionKey, signer } = this.#ends;
    const event = await reader.next(options);
    if (event.kind !== "line") return { kind: "end" };
    observe?.("in", event.line);
    const address = { conn, seq: this.#received, to: signerUri(signer) };
    try {
      const message = await openNext(event.line, {
        sessionKey,
        address,
        sender: peer,
        scheduler,
      });
      this.#received++;
      return { kind: "message", message, line: event.line };
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  /** Writes all sent messages, then closes. */
  async end(): Promise<void> {
    await this.#ends.writer.drain();
    this.close();
  }

  /** Closes at once. Resolves when no message is being sealed any more. */
  async abandon(): Promise<void> {
    this.close();
    await this.#ends.writer.finishMaking();
  }

  /** Closes at once. A second call does nothing. */
  close(): void {
    this.#ends.stream.close();
  }

  async #seal({ type, seq, body }: { type: string; seq: number; body: JsonObject }) {
    const { clock, conn, peer, observe, recipient, sessionKey, signer } = this.#ends;
    const to = peerUri(peer);
    const introduce = this.#introduces && seq === 0 ? sessionKey : undefined;
    const message = { type, seq, conn, to, iat: nowSeconds(clock), body };
    const line = await seal(message, { signer, recipient, introduce });
    observe?.("out", line);
    return line;
  }
}
