/**
 * Where a member takes payments: listens for peers and serves each, a few at a time.
 */
import { ListenError, messageOf, MicropayError } from "../errors.ts";
import { peerConnectionsMax, peerTimeoutMs } from "../limits.ts";
import { encodeReply, refuse, replyType } from "../protocol/exchange.ts";
import { payExchange } from "../protocol/transfer.ts";
import { acceptChannel } from "../transport/accept_channel.ts";
import { Acceptor } from "../transport/acceptor.ts";
import type { ByteStream, Endpoint, Listener } from "../transport/byte_stream.ts";
import type { Message } from "../envelope/message.ts";
import type { Arrival, Channel } from "../transport/channel.ts";
import type { MemberContext } from "./member_context.ts";
import { type IncomingListener, IncomingPayments } from "./payment/incoming_payments.ts";
import { findOut, type TakenOrder, takeOrder } from "./payment/payee.ts";

export class PeerListener {
  readonly endpoint: Endpoint;
  readonly incoming: IncomingPayments;
  readonly #acceptor: Acceptor;
  readonly #member: MemberContext;
  readonly #peers = new Map<ByteStream, Promise<void>>();

  /** Takes payments from now on, until {@link PeerListener.close}. */
  constructor(listener: Listener, member: MemberContext, told: IncomingListener) {
    this.endpoint = listener.endpoint;
    this.#member = member;
    this.incoming = new IncomingPayments(member, told);
    // A fault ends nothing: this member is still online and would be paid in vain.
    this.#acceptor = new Acceptor(listener, {
      clock: member.clock,
      onStream: (stream) => this.#admit(stream),
      onFault: ({ attempt, error }) =>
        told.onFault(new ListenError(`${attempt}: ${messageOf(error)}`, { cause: error })),
    });
  }

  /** Stops listening, lets payments under way come to their end, and closes what is left. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#acceptor.close();
    for (const stream of this.#peers.keys()) {
      if (!this.#busy.has(stream)) stream.close();
    }
    await Promise.all(this.#peers.values());
  }

  readonly #busy = new Set<ByteStream>();
  #isClosing = false;

  #admit(stream: ByteStream): void {
    if (this.#peers.size < peerConnectionsMax) this.#serve(stream);
    else stream.close();
  }

  #serve(stream: ByteStream): void {
    const served = this.#converse(stream)
      .catch((error) => {
        if (!(error instanceof MicropayError)) this.incoming.fault(error);
      })
      .finally(() => {
        stream.close();
        this.#peers.delete(stream);
      });
    this.#peers.set(stream, served);
  }

  async #converse(stream: ByteStream): Promise<void> {
    const accepted = await acceptChannel(stream, {
      ...this.#member,
      applicants: false,
      firstMessageTimeoutMs: peerTimeoutMs,
    });
    if (!accepted) return;
    const { channel } = accepted;
    let arrival: Arrival = { kind: "message", ...accepted };
    while (arrival.kind === "message") {
      this.#busy.add(stream);
      try {
        await this.#answer(channel, arrival.message);
      } finally {
        this.#busy.delete(stream);
      }
      if (this.#isClosing) return;
      arrival = await channel.receive({ idleTimeoutMs: peerTimeoutMs });
    }
  }

  async #answer(channel: Channel, { type, seq, body }: Message): Promise<void> {
    const { peer } = channel;
    const party = peer.kind === "certified" && peer.certificate.party;
    const payee = { member: this.#member, incoming: this.incoming };
    const { outcome, doubtful }: TakenOrder =
      party && party.role === "member" && type === payExchange.type
        ? await takeOrder(body, { payer: party.name, ...payee })
        : { outcome: refuse(410, "unknown type") };
    try {
      await channel.send(replyType, encodeReply(payExchange, seq, outcome)).written;
    } finally {
      // Also when the payer is gone: what is found out is for this member.
      if (doubtful) await findOut(doubtful, { ...payee, isOver: () => this.#isClosing });
    }
  }
}
