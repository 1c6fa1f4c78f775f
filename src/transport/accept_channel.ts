/**
 * The accepting side's handshake: it greets, then verifies who connected from the first message.
 */
import type { Clock } from "../clock.ts";
import { signerUri } from "../envelope/peer.ts";
import { writeGreeting } from "../envelope/greeting.ts";
import type { Message } from "../envelope/message.ts";
import { openFirst } from "../envelope/open.ts";
import { immediateScheduler, type Scheduler } from "../envelope/scheduler.ts";
import type { SessionKey } from "../envelope/session_key.ts";
import type { Identity } from "../pki/identity.ts";
import type { SeenCheckpoint } from "../protocol/seen_checkpoint.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import { makeNonce, type Random } from "../random.ts";
import type { ByteStream } from "./byte_stream.ts";
import { Channel, type LineObserver } from "./channel.ts";
import { LineReader } from "./line_reader.ts";
import { LineWriter } from "./line_writer.ts";

/** What the accepting side needs for a handshake. */
export interface AcceptOptions {
  readonly identity: Identity;
  readonly sessionKey: SessionKey;
  readonly anchor: TrustAnchor;
  /** Whether applicants without a certificate may connect. */
  readonly applicants: boolean;
  /** Longest wait for the start of the first message. */
  readonly firstMessageTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe?: LineObserver | undefined;
  /** What the greeting shows of the ledger. */
  readonly seen?: SeenCheckpoint | undefined;
  /**
   * Runs the signing of the greeting and the opening of messages. When absent, they run at once.
   */
  readonly scheduler?: Scheduler | undefined;
  /** Runs the opening of the first message instead of `scheduler`. */
  readonly firstScheduler?: Scheduler | undefined;
}

/** An accepted channel, with the first message and its sealed line. */
export interface Accepted {
  readonly channel: Channel;
  readonly message: Message;
  readonly line: string;
}

/**
 * Greets the connecting side and opens its first message.
 *
 * @returns the channel, or `undefined` when the other side closed without sending anything
 * @throws {EnvelopeError} when the first message is not valid; the connection is closed then
 * @throws {TimeoutError} when it does not arrive in time; the connection is closed then
 * @throws {ClosedError} when the greeting cannot be written
 */
export async function acceptChannel(
  stream: ByteStream,
  options: AcceptOptions,
): Promise<Accepted | undefined> {
  try {
    return await handshake(stream, options);
  } catch (error) {
    stream.close();
    throw error;
  }
}

async function handshake(
  stream: ByteStream,
  options: AcceptOptions,
): Promise<Accepted | undefined> {
  const { identity, sessionKey, anchor, applicants, clock, random, observe, seen } = options;
  const { scheduler = immediateScheduler, firstScheduler = scheduler } = options;
  const reader = new LineReader(stream, { clock });
  const writer = new LineWriter(stream, { clock });
  const conn = makeNonce(random);
  const signer = { kind: "certified", identity } as const;
  await writer.write(() => {
    const greeting = () =>
      writeGreeting({ identity, sessionKey, nonce: conn, atMs: clock.nowMs(), seen });
    return scheduler.run(greeting);
  });
  const event = await reader.next({ idleTimeoutMs: options.firstMessageTimeoutMs });
  if (event.kind !== "line") return undefined;
  observe?.("in", event.line);
  const { message, sender, recipient } = await openFirst(event.line, {
    sessionKey,
    address: { conn, seq: 0, to: signerUri(signer) },
    admission: { anchor, applicants, atMs: clock.nowMs() },
    scheduler: firstScheduler,
  });
  const channel = new Channel(
    {
      stream,
      reader,
      writer,
      clock,
      conn,
      sessionKey,
      signer,
      peer: sender,
      recipient,
      observe,
      scheduler,
    },
    { received: 1 },
  );
  return { channel, message, line: event.line };
}
