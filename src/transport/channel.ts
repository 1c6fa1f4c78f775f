/**
 * A channel: sealed messages over one connection, one implementation for both kinds (client to server, peer to peer). It holds
 * the place of every message: which connection, which direction, which number.
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

/** What comes out of a channel: a message, or that no more will come. */
export type Arrival =
  | { readonly kind: "message"; readonly message: Message; readonly line: string }
  | { readonly kind: "end" };

/** A message on its way. */
export interface Sending {
  /** Its number in its direction. */
  readonly seq: number;
  /** Resolves when nothing more is done for it but writing: it is sealed, or cannot be. */
  readonly sealed: Promise<void>;
  /** Resolves when the system has taken it; rejects when that cannot be any more. */
  readonly written: Promise<void>;
}

/** Shows each sealed line, for `--verbose` and for the server's output. */
export type LineObserver = (direction: "in" | "out", line: string) => void;

/** Both ends' part of what a channel needs, after it is known who the other end is. */
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
  /** Runs the opening of what comes in; at once when absent. */
  readonly scheduler?: Scheduler | undefined;
}

export class Channel {
  readonly peer: Peer;
  readonly #ends: ChannelEnds;
  #received: number;
  #sent = 0;
  /** Whether the first message sent has to introduce this end: it connected. */
  readonly #introduces: boolean;

  /** @param received how many messages came before the channel was made: 1 on the accepting side, else 0 */
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

  /**
   * Resolves when a message may be sent without many waiting for one that is just being sealed. For a side that many bring messages about
   * for at the same time.
   */
  waitForRoom(): Promise<void> {
    return this.#ends.writer.waitForRoom();
  }

  /**
   * Seals a message, at once and in nobody's turn, and writes it after all that were sent before. Whoever bounds what sealing takes waits
   * for a turn first: a message that has its number and waits for a turn would hold up all that are sent after it.
   */
  send(type: string, body: JsonObject): Sending {
    const seq = this.#sent++;
    let sealing: Promise<string> | undefined;
    const written = this.#ends.writer.write(() => sealing = this.#seal({ type, seq, body }));
    const over = () => {};
    return { seq, sealed: sealing ? sealing.then(over, over) : Promise.resolve(), written };
  }

  /**
   * The next message. One call at a time. A connection that closes in the middle of a line has ended like any other.
   *
   * @param idleTimeoutMs how long it may take to begin; for ever when absent
   * @throws {EnvelopeError} when the line is not the message that has to come next; the connection is closed
   * @throws {TimeoutError} when it does not come in time; the connection is closed
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

  /** Lets what was sent go out, then closes. */
  async end(): Promise<void> {
    await this.#ends.writer.drain();
    this.close();
  }

  /** Closes at once, and resolves when nothing is being sealed for it any more. */
  async abandon(): Promise<void> {
    this.close();
    await this.#ends.writer.finishMaking();
  }

  /** Closes at once. Harmless the second time. */
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
