/**
 * A payer's connection to a payee.
 */
import {
  EnvelopeError,
  isConnectionFault,
  isDocumentError,
  MicropayError,
  ProtocolError,
  UntrustedError,
} from "../errors.ts";
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import { checkpointShownMs, dialTimeoutMs, ordersPerSubmitMax, peerKeptMs } from "../limits.ts";
import { inZone } from "../pki/host.ts";
import { partyUri, sameParty } from "../pki/party.ts";
import {
  decodeOutcome,
  decodeReply,
  type Refusal,
  refuse,
  replyType,
} from "../protocol/request_type.ts";
import type { OnlineMember } from "../protocol/list.ts";
import { payRequestType } from "../protocol/transfer.ts";
import type { SeenCheckpoint } from "../protocol/seen_checkpoint.ts";
import { Semaphore } from "../semaphore.ts";
import type { JsonObject } from "../strict_json.ts";
import type { ByteStream } from "../transport/byte_stream.ts";
import type { Channel } from "../transport/channel.ts";
import { type GreetedConnection, receiveGreeting } from "../transport/connect_channel.ts";
import { Deadline, withDeadline } from "../transport/deadline.ts";
import type { MemberContext } from "./member_context.ts";

/** What a payee said to an order; `undefined` when the connection ended before it said anything. */
export type PayeeAnswer = Refusal | undefined;

interface HandOptions {
  readonly stop: AbortSignal;
  readonly seen: SeenCheckpoint | undefined;
}

/** How a payer reaches a payee. */
export type PeerWay = "direct" | "relay";

interface PeerConnectionOptions {
  readonly clock: Clock;
  /** Whether it goes through the server's relay. */
  readonly way: PeerWay;
}

export class PeerConnection {
  readonly ended: Promise<void>;
  readonly way: PeerWay;
  readonly #channel: Channel;
  /** Orders that the payee may still refuse, by the `seq` of their message. */
  readonly #underWay = new Map<number, (answer: PayeeAnswer) => void>();
  /** Bounds the orders under way. A payee reads no further order while so many are undecided. */
  readonly #places = new Semaphore(ordersPerSubmitMax);
  readonly #rest: Deadline;
  readonly #clock: Clock;
  /** When the payer last showed its checkpoint on it. */
  #shownMs = -Infinity;
  #isOpen = true;

  constructor(channel: Channel, { clock, way }: PeerConnectionOptions) {
    this.#channel = channel;
    this.way = way;
    this.#clock = clock;
    this.#rest = new Deadline(clock, () => this.close());
    this.ended = this.#read();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether no order is under way on it. */
  get isIdle(): boolean {
    return this.#places.isIdle;
  }

  /**
   * Hands over an order, as soon as fewer than `ordersPerSubmitMax` are under way. A payee says
   * something only when it refuses, so the promise may stay pending until `stop` aborts.
   *
   * @param options `stop`: the outcome is known from elsewhere; `seen`: the checkpoint to show
   */
  hand(jws: string, options: HandOptions): Promise<PayeeAnswer> {
    this.#rest.clear();
    return this.#places.run(() => this.#hand(jws, options));
  }

  /** Begins the time after which an idle connection is closed, unless it gets an order. */
  rest(): void {
    this.#rest.set(peerKeptMs);
  }

  close(): void {
    this.#isOpen = false;
    this.#rest.clear();
    this.#channel.close();
  }

  #hand(jws: string, { stop, seen }: HandOptions): Promise<PayeeAnswer> {
    if (!this.#isOpen || stop.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<PayeeAnswer>();
    // When it cannot be written, the reader finds that the connection is over.
    const { seq } = this.#channel.send(payRequestType.type, { order: jws, ...this.#shown(seen) });
    const answer = (word: PayeeAnswer) => {
      this.#underWay.delete(seq);
      resolve(word);
    };
    this.#underWay.set(seq, answer);
    stop.addEventListener("abort", () => answer(undefined), { once: true });
    return promise;
  }

  /** Shows the checkpoint once in a while: the payee asks the server about each one. */
  #shown(seen: SeenCheckpoint | undefined): { seen?: SeenCheckpoint } {
    const nowMs = this.#clock.monotonicMs();
    if (!seen || nowMs - this.#shownMs < checkpointShownMs) return {};
    this.#shownMs = nowMs;
    return { seen };
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const arrival = await this.#channel.receive();
        if (arrival.kind === "end") break;
        if (arrival.message.type !== replyType) continue;
        this.#takeReply(arrival.message.body);
      }
    } catch (error) {
      if (!(error instanceof MicropayError)) throw error;
    } finally {
      this.close();
      for (const answer of this.#underWay.values()) answer(undefined);
    }
  }

  #takeReply(body: JsonObject): void {
    const reply = decodeReply(body);
    try {
      const outcome = decodeOutcome(payRequestType, reply);
      // A payee has nothing to say that proves a payment.
      if (outcome.outcome === "refused") this.#underWay.get(reply.re)?.(outcome);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
}

/**
 * Connects to a member where the server says it is, and makes sure that it is the one who answers.
 *
 * @returns the refusal 264 when nobody answers; nothing was sent then
 * @throws {UntrustedError} when somebody else answers; nothing was sent then either
 */
export async function dialPeer(
  { name, ip, port }: OnlineMember,
  member: MemberContext,
): Promise<PeerConnection | Refusal> {
  const { clock, forbidsRelay, network, zone } = member;
  const timeoutMs = forbidsRelay ? member.timeoutMs : Math.min(member.timeoutMs, dialTimeoutMs);
  const endMs = clock.monotonicMs() + timeoutMs;
  return await unlessUnreachable(async () => {
    const stream = await withDeadline(
      (signal) => network.connect({ host: inZone(ip, zone), port }, { signal }),
      { clock, timeoutMs },
    );
    // The relay waits for the connection and the greeting together.
    const greetingMs = forbidsRelay ? timeoutMs : endMs - clock.monotonicMs();
    return await greetPeer(stream, { name, way: "direct", timeoutMs: greetingMs, member });
  });
}

/**
 * Connects to a member through the server, and makes sure that it is the one who answers.
 *
 * @returns the refusal when it does not answer, or the server refuses; nothing was sent then
 * @throws {UntrustedError} when somebody else answers; nothing was sent then either
 */
export async function relayToPeer(
  { name }: Pick<OnlineMember, "name">,
  member: MemberContext,
): Promise<PeerConnection | Refusal> {
  return await unlessUnreachable(async () => {
    const stream = await member.relayed.connect(name);
    if ("outcome" in stream) return stream;
    return await greetPeer(stream, { name, way: "relay", timeoutMs: member.timeoutMs, member });
  });
}

/** @returns 264 where a connection cannot be made or ends before its greeting */
async function unlessUnreachable<Result>(
  connect: () => Promise<Result>,
): Promise<Result | Refusal> {
  try {
    return await connect();
  } catch (error) {
    if (!isConnectionFault(error)) throw error;
    return refuse(264);
  }
}

interface PeerGreeting {
  readonly name: AccountName;
  readonly way: PeerWay;
  readonly timeoutMs: number;
  readonly member: MemberContext;
}

async function greetPeer(
  stream: ByteStream,
  { name, way, timeoutMs, member }: PeerGreeting,
): Promise<PeerConnection> {
  const { anchor, clock, identity, observe, sessionKey } = member;
  const where = way === "relay" ? "through the server" : "at its address";
  const resolveAnchor = () => Promise.resolve(anchor);
  try {
    const peer = await receiveGreeting(stream, { role: "member", resolveAnchor, clock, timeoutMs });
    const { party } = peer.greeting.certificate;
    if (!sameParty(party, { role: "member", name })) {
      peer.close();
      throw new UntrustedError(`pay ${name}: ${partyUri(party)} answers ${where}`);
    }
    takeSeen(peer, name, member);
    const signer = { kind: "certified", identity } as const;
    const channel = peer.introduce({ signer, sessionKey, observe });
    return new PeerConnection(channel, { clock, way });
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    const text = `pay ${name}: what answers ${where} is not its client`;
    throw new UntrustedError(text, { cause: error });
  }
}

/** @throws {UntrustedError} when the payee shows a checkpoint that the server did not sign */
function takeSeen(
  peer: GreetedConnection,
  name: AccountName,
  { peerCheckpoints }: MemberContext,
): void {
  try {
    if (peer.greeting.seen) peerCheckpoints.take(name, peer.greeting.seen);
  } catch (cause) {
    peer.close();
    if (!isDocumentError(cause)) throw cause;
    throw new UntrustedError(
      `pay ${name}: its client shows a checkpoint that is not the server's (${cause.message}); ` +
        "that says nothing about the server. Pay with --via-server, and tell " + name,
      { cause },
    );
  }
}
