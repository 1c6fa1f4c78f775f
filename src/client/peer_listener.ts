/**
 * Where a member takes payments: it listens for peers, and serves several at a time.
 */
import { ListenError, messageOf, MicropayError } from "../errors.ts";
import type { Message } from "../envelope/message.ts";
import { ordersPerSubmitMax, peerConnectionsMax, peerIdleMsMax, peerTimeoutMs } from "../limits.ts";
import { encodeReply, type Refusal, refuse, replyType } from "../protocol/request_type.ts";
import { payRequestType } from "../protocol/transfer.ts";
import { acceptChannel } from "../transport/accept_channel.ts";
import { Acceptor } from "../transport/acceptor.ts";
import type { ByteStream, Endpoint, Listener } from "../transport/byte_stream.ts";
import type { Arrival, Channel } from "../transport/channel.ts";
import type { MemberContext } from "./member_context.ts";
import { type IncomingListener, IncomingPayments } from "./payment/incoming_payments.ts";
import {
  askLater,
  type HandedOrder,
  type Payee,
  readHandedOrder,
  submitHandedOrder,
} from "./payment/payee.ts";
import { RelayedStream } from "./relayed_connections.ts";
import { SubmitQueue } from "./submit_queue.ts";

interface Peer {
  readonly stream: ByteStream;
  /** Its orders that the server did not decide yet. */
  readonly underWay: Set<Promise<void>>;
}

export class PeerListener {
  readonly endpoint: Endpoint;
  readonly incoming: IncomingPayments;
  readonly #acceptor: Acceptor;
  readonly #submits: SubmitQueue;
  readonly #payee: Payee;
  /** The connection that has been idle longest first. */
  readonly #peers = new Set<Peer>();
  /** Settle when a connection is over. */
  readonly #served = new Set<Promise<void>>();
  #isClosing = false;

  /** Takes payments from now on, until {@link PeerListener.close}. */
  constructor(listener: Listener, member: MemberContext, told: IncomingListener) {
    this.endpoint = listener.endpoint;
    this.incoming = new IncomingPayments(member, told);
    this.#submits = new SubmitQueue(member.link);
    this.#payee = { member, incoming: this.incoming, submits: this.#submits };
    // A fault ends nothing: this member is still online, and others would pay it in vain.
    this.#acceptor = new Acceptor(listener, {
      clock: member.clock,
      onStream: (stream) => this.#admit(stream),
      onFault: ({ attempt, error }) =>
        told.onFault(new ListenError(`${attempt}: ${messageOf(error)}`, { cause: error })),
    });
  }

  /**
   * Stops listening, refuses the orders that the server has not got, waits for those that it has,
   * and closes all connections.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#acceptor.close();
    this.#submits.withdraw();
    for (const { stream, underWay } of this.#peers) if (underWay.size === 0) stream.close();
    await Promise.all(this.#served);
  }

  /** Serves a new connection. When there are too many, the one that has been idle longest goes. */
  #admit(stream: ByteStream): void {
    if (this.#peers.size >= peerConnectionsMax) {
      const idle = [...this.#peers].find(({ underWay }) => underWay.size === 0);
      if (!idle) return stream.close();
      this.#drop(idle);
    }
    const peer: Peer = { stream, underWay: new Set() };
    this.#peers.add(peer);
    const served = this.#serve(peer)
      .catch((error) => {
        if (!(error instanceof MicropayError)) this.incoming.fault(error);
      })
      .finally(() => {
        this.#drop(peer);
        this.#served.delete(served);
      });
    this.#served.add(served);
  }

  #drop(peer: Peer): void {
    peer.stream.close();
    this.#peers.delete(peer);
  }

  async #serve(peer: Peer): Promise<void> {
    const { stream, underWay } = peer;
    const { member } = this.#payee;
    const accepted = await acceptChannel(stream, {
      ...member,
      seen: await member.peerCheckpoints.own(),
      applicants: false,
      firstMessageTimeoutMs: peerTimeoutMs,
    });
    if (!accepted) return;
    const { channel } = accepted;
    try {
      let arrival: Arrival = { kind: "message", ...accepted };
      while (arrival.kind === "message") {
        await this.#take(arrival.message, channel, peer);
        if (underWay.size >= ordersPerSubmitMax) await Promise.race(underWay);
        arrival = await channel.receive({ idleTimeoutMs: peerIdleMsMax });
      }
    } finally {
      await Promise.all(underWay);
    }
  }

  /** Refuses a message, or begins to submit the order in it. */
  async #take({ type, seq, body }: Message, channel: Channel, peer: Peer): Promise<void> {
    const { member } = this.#payee;
    const certificate = channel.peer.kind === "certified" ? channel.peer.certificate : undefined;
    const order = certificate?.party.role === "member" && type === payRequestType.type
      ? readHandedOrder(body, { payer: certificate.party.name, certificate, member })
      : refuse(410, "unknown type");
    if ("outcome" in order) return await reply(channel, seq, order);
    if (this.#isClosing) return await reply(channel, seq, refuse(263));
    const way = peer.stream instanceof RelayedStream ? "relay" : "direct";
    const submitting = this.#submit({ order, way }, seq, channel)
      .catch((error) => {
        if (!(error instanceof MicropayError)) this.incoming.fault(error);
      })
      .finally(() => {
        peer.underWay.delete(submitting);
        if (peer.underWay.size > 0) return;
        if (this.#isClosing) peer.stream.close();
        // It was in use until now, so it is the last one to go.
        if (this.#peers.delete(peer)) this.#peers.add(peer);
      });
    peer.underWay.add(submitting);
  }

  async #submit(handed: HandedOrder, seq: number, channel: Channel): Promise<void> {
    const submitted = await submitHandedOrder(handed, this.#payee);
    if (submitted === "decided") return;
    try {
      await reply(channel, seq, refuse(submitted === "withdrawn" ? 263 : 500));
    } finally {
      // Also when the payer is gone: this member wants to know.
      const isClosing = () => this.#isClosing;
      if (submitted === "in_doubt") await askLater(handed, { ...this.#payee, isClosing });
    }
  }
}

async function reply(channel: Channel, seq: number, refusal: Refusal): Promise<void> {
  await channel.send(replyType, encodeReply(payRequestType, seq, refusal)).written;
}
