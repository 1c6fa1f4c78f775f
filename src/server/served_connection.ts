/**
 * One connection from its arrival to its end: a permit, a handshake, requests and replies, and everything given back.
 */
import type { SessionKey } from "../envelope/session_key.ts";
import { ClosedError, EnvelopeError, LedgerError, messageOf, TimeoutError } from "../errors.ts";
import { firstMessageTimeoutMs } from "../limits.ts";
import { closingType, exitExchange } from "../protocol/exit.ts";
import { isPong } from "../protocol/ping.ts";
import { acceptChannel } from "../transport/accept_channel.ts";
import type { ByteStream } from "../transport/byte_stream.ts";
import type { Arrival } from "../transport/channel.ts";
import { addressGroup } from "./address_group.ts";
import type { Admission, Ticket } from "./admission.ts";
import { answerRequest } from "./answer_request.ts";
import { Liveness } from "./liveness.ts";
import type { ServerContext } from "./server_context.ts";
import type { Occupancy } from "./server_event.ts";
import { identifySpeaker, Session } from "./session.ts";
import { turnAway, waitForTurn } from "./waiting_room.ts";

export class ServedConnection {
  readonly #stream: ByteStream;
  readonly #server: ServerContext;
  readonly #admission: Admission;
  /** Whom this connection counts with. */
  readonly #address: string;
  #session: Session | undefined;
  /** Whether a request is being answered: it is finished before the connection is ended. */
  #isBusy = false;
  #isStopping = false;
  /** Whether the other side has gone: there is nobody to say goodbye to. */
  #isOver = false;

  constructor(
    stream: ByteStream,
    { server, admission }: { server: ServerContext; admission: Admission },
  ) {
    this.#stream = stream;
    this.#server = server;
    this.#admission = admission;
    this.#address = addressGroup(stream.remote.host);
  }

  /** Serves until the connection has ended. Never throws: what goes wrong here is reported and ends this connection alone. */
  async serve(): Promise<void> {
    const remote = this.#stream.remote;
    const ticket = await this.#enter();
    if (!ticket) return;
    try {
      const stream = await this.#takeTurn(ticket);
      if (stream) await this.#converse(stream);
    } catch (error) {
      this.#reportFailure(error);
    } finally {
      this.#stream.close();
      ticket.release();
      const name = this.#session?.memberName;
      this.#server.report({ kind: "disconnected", remote, name, ...this.#occupancy() });
    }
  }

  /** @returns `undefined` when the connection was turned away */
  async #enter(): Promise<Ticket | undefined> {
    const { report, standing } = this.#server;
    const remote = this.#stream.remote;
    if (standing.isShutOut(this.#address)) {
      const why = "too_many_refused_lines";
      report({ kind: "turned_away", why, remote, ...this.#occupancy() });
      // Without a word: whatever it is told costs more than its connection did.
      this.#stream.close();
      return undefined;
    }
    const isFull = this.#admission.isFullFor(this.#address);
    const ticket = this.#admission.enter(this.#address);
    if (ticket) return ticket;
    const occupancy = this.#occupancy();
    if (isFull) report({ kind: "turned_away", why: "too_many_connections", remote, ...occupancy });
    else report({ kind: "full", remote, ...occupancy });
    await turnAway(this.#stream, this.#server);
    return undefined;
  }

  /** Tells the other side and ends the connection, as soon as the request under way, if there is one, is answered. */
  stop(): void {
    this.#isStopping = true;
    if (this.#isBusy || this.#isOver) return;
    if (this.#session) this.#sayGoodbye(this.#session);
    else this.#stream.close();
  }

  serves(session: Session): boolean {
    return this.#session === session;
  }

  /** Ends the session of a member that the operator revoked or closed, as {@link ServedConnection.stop} does. */
  dismiss(): void {
    if (!this.#session || this.#session.isDismissed) return;
    this.#session.isDismissed = true;
    const { memberName: name } = this.#session;
    this.#server.report({ kind: "dismissed", remote: this.#stream.remote, name });
    this.stop();
  }

  /** Ends the connection at once. */
  abort(): void {
    this.#stream.close();
  }

  /** @returns `undefined` when the other side went away while it waited */
  async #takeTurn(ticket: Ticket): Promise<ByteStream | undefined> {
    if (ticket.place > 0) {
      const waiting = { remote: this.#stream.remote, place: ticket.place, ...this.#occupancy() };
      this.#server.report({ kind: "waiting", ...waiting });
    }
    const stream = ticket.place === 0
      ? this.#stream
      : await waitForTurn(this.#stream, ticket, this.#server);
    if (stream) {
      this.#server.report({ kind: "connected", remote: stream.remote, ...this.#occupancy() });
    }
    return stream;
  }

  async #converse(stream: ByteStream): Promise<void> {
    const lease = this.#server.sessionKeys.lease();
    try {
      await this.#converseBy(lease.key, stream);
    } finally {
      lease.release();
    }
  }

  async #converseBy(sessionKey: SessionKey, stream: ByteStream): Promise<void> {
    const share = this.#server.queue.share(`address ${this.#address}`);
    const accepted = await acceptChannel(stream, {
      ...this.#server,
      sessionKey,
      applicants: true,
      share,
      firstMessageTimeoutMs,
    });
    if (!accepted) return;
    const { channel, message, line } = accepted;
    const speaker = await identifySpeaker(channel.correspondent, this.#server.ledger);
    const session = new Session(channel, { speaker, share });
    this.#session = session;
    const name = session.memberName;
    const leaveAccount = name === undefined ? undefined : this.#admission.enterAccount(name);
    session.isSurplus = name !== undefined && !leaveAccount;
    if (name !== undefined && !session.isSurplus) this.#server.sessions.add(name, session);
    // However many connections a member has, it is one of those who take turns.
    if (name !== undefined) share.party = `member ${name}`;
    const liveness = new Liveness(session, this.#server);
    const endVouching = name === undefined ? () => {} : this.#server.standing.vouch(this.#address);
    try {
      let arrival: Arrival = { kind: "message", message, line };
      while (arrival.kind === "message" && await this.#answer(session, arrival)) {
        liveness.wait();
        arrival = await channel.receive();
        liveness.heard();
      }
      this.#isOver = true;
      if (liveness.lost) throw new TimeoutError(liveness.lost);
      await channel.end();
    } finally {
      this.#isOver = true;
      liveness.stop();
      endVouching();
      leaveAccount?.();
      if (name !== undefined) this.#server.sessions.remove(name, session);
      await this.#takeOffline(session);
    }
  }

  /** @returns whether to go on */
  async #answer(
    session: Session,
    received: Arrival & { kind: "message" },
  ): Promise<boolean> {
    if (isPong(received.message)) return true;
    this.#isBusy = true;
    try {
      const context = { server: this.#server, session, dismiss: () => this.dismiss() };
      const { outcome, reply } = await answerRequest(received, context);
      const isExit = received.message.type === exitExchange.type && outcome.outcome === "answered";
      // Offline before the reply: who was told "Bye" can log in again at once.
      if (isExit) await this.#takeOffline(session);
      await session.reply(reply);
      if (this.#isStopping) await this.#sayGoodbye(session);
      return !isExit && !this.#isStopping && !session.isSurplus;
    } finally {
      this.#isBusy = false;
    }
  }

  #sayGoodbye(session: Session): Promise<void> {
    return session.end(closingType, session.isDismissed ? { dismissed: true } : {});
  }

  async #takeOffline(session: Session): Promise<void> {
    const name = session.memberName;
    if (!session.isOnline || name === undefined) return;
    session.isOnline = false;
    // Who was revoked is offline already, and may be online again with a new certificate: that session is left alone.
    const isElsewhere = this.#server.sessions.of(name).some(({ isOnline }) => isOnline);
    if (!session.isDismissed && !isElsewhere) await this.#server.ledger.takeOffline(name);
    this.#server.report({ kind: "offline", name });
  }

  #occupancy(): Occupancy {
    const { servedCount, waitingCount, userLimit } = this.#admission;
    return { served: servedCount, waiting: waitingCount, userLimit };
  }

  #reportFailure(error: unknown): void {
    const remote = this.#stream.remote;
    if (error instanceof LedgerError) {
      this.#server.failStop(error);
    } else if (error instanceof EnvelopeError || error instanceof TimeoutError) {
      if (error instanceof EnvelopeError) this.#server.standing.refused(this.#address);
      this.#server.report({ kind: "line_refused", remote, reason: messageOf(error) });
    } else if (!(error instanceof ClosedError)) {
      // A peer that goes away while it is written to is no news; anything else is a defect of ours.
      this.#server.report({ kind: "fault", remote, attempt: "serve a connection", error });
    }
  }
}
