/**
 * A payer's connection to a payee.
 */
import {
  ClosedError,
  ConnectError,
  EnvelopeError,
  MicropayError,
  ProtocolError,
  TimeoutError,
  UntrustedError,
} from "../errors.ts";
import type { Clock } from "../clock.ts";
import { ordersPerSubmitMax, peerKeptMs } from "../limits.ts";
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
import { Semaphore } from "../semaphore.ts";
import type { JsonObject } from "../strict_json.ts";
import type { Channel } from "../transport/channel.ts";
import { receiveGreeting } from "../transport/connect_channel.ts";
import { Deadline, withDeadline } from "../transport/deadline.ts";
import type { MemberContext } from "./member_context.ts";

/** What a payee said to an order; `undefined` when the connection ended before it said anything. */
export type PayeeAnswer = Refusal | undefined;

export class PeerConnection {
  readonly ended: Promise<void>;
  readonly #channel: Channel;
  /** Orders that the payee may still refuse, by the `seq` of their message. */
  readonly #underWay = new Map<number, (answer: PayeeAnswer) => void>();
  /** Bounds the orders under way. A payee reads no further order while so many are undecided. */
  readonly #places = new Semaphore(ordersPerSubmitMax);
  readonly #rest: Deadline;
  #isOpen = true;

  constructor(channel: Channel, { clock }: { readonly clock: Clock }) {
    this.#channel = channel;
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
   * @param options `stop`: the outcome is known from elsewhere
   */
  hand(jws: string, { stop }: { readonly stop: AbortSignal }): Promise<PayeeAnswer> {
    this.#rest.clear();
    return this.#places.run(() => this.#hand(jws, stop));
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

  #hand(jws: string, stop: AbortSignal): Promise<PayeeAnswer> {
    if (!this.#isOpen || stop.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<PayeeAnswer>();
    // When it cannot be written, the reader finds that the connection is over.
    const { seq } = this.#channel.send(payRequestType.type, { order: jws });
    const answer = (word: PayeeAnswer) => {
      this.#underWay.delete(seq);
      resolve(word);
    };
    this.#underWay.set(seq, answer);
    stop.addEventListener("abort", () => answer(undefined), { once: true });
    return promise;
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
export async function connectToPeer(
  { name, ip, port }: OnlineMember,
  { anchor, clock, identity, network, observe, sessionKey, timeoutMs, zone }: MemberContext,
): Promise<PeerConnection | Refusal> {
  try {
    const stream = await withDeadline(
      (signal) => network.connect({ host: inZone(ip, zone), port }, { signal }),
      { clock, timeoutMs },
    );
    const resolveAnchor = () => Promise.resolve(anchor);
    const peer = await receiveGreeting(stream, { role: "member", resolveAnchor, clock, timeoutMs });
    const { party } = peer.greeting.certificate;
    if (!sameParty(party, { role: "member", name })) {
      peer.close();
      throw new UntrustedError(`pay ${name}: ${partyUri(party)} answers at its address`);
    }
    const signer = { kind: "certified", identity } as const;
    return new PeerConnection(peer.introduce({ signer, sessionKey, observe }), { clock });
  } catch (error) {
    if (error instanceof EnvelopeError) {
      const text = `pay ${name}: what answers at its address is not its client`;
      throw new UntrustedError(text, { cause: error });
    }
    const unreachable = error instanceof ConnectError || error instanceof TimeoutError ||
      error instanceof ClosedError;
    if (!unreachable) throw error;
    return refuse(264);
  }
}
