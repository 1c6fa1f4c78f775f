/**
 * One session from its first message to its end: its turn, requests and replies, and a goodbye.
 */
import { TimeoutError } from "../../errors.ts";
import { closingType, exitRequestType } from "../../protocol/exit.ts";
import { isPong } from "../../protocol/ping.ts";
import type { Arrival } from "../../transport/channel.ts";
import type { Ticket } from "../admission/admission.ts";
import { dispatch } from "../dispatch.ts";
import { Liveness } from "./liveness.ts";
import { occupancyOf } from "../admission/occupancy.ts";
import type { ServerContext } from "../server_context.ts";
import type { Push, Session } from "./session.ts";
import { waitForTurn } from "./waiting_room.ts";

export type FirstMessage = Arrival & { kind: "message" };

export class ServedSession {
  readonly session: Session;
  readonly #server: ServerContext;
  readonly #liveness: Liveness;
  /** Whether a request is being answered: it is finished before the connection is ended. */
  #isBusy = false;
  #isStopping = false;
  #goodbye: Promise<void> | undefined;
  /** Whether the other side has gone: there is nobody to say goodbye to. */
  #isOver = false;

  /** @param strangerTimeoutMs how long somebody who is no member may stay */
  constructor(
    session: Session,
    { server, strangerTimeoutMs }: { server: ServerContext; strangerTimeoutMs: number },
  ) {
    this.session = session;
    this.#server = server;
    this.#liveness = new Liveness(session, { ...server, strangerTimeoutMs });
  }

  /** Tells the other side and ends the connection, as soon as the request under way, if there is one, is answered. */
  stop(): void {
    this.#isStopping = true;
    if (!this.#isBusy && !this.#isOver) this.#sayGoodbye();
  }

  /** Ends the session of a member that the operator revoked or closed, as {@link ServedSession.stop} does. */
  dismiss(): void {
    const { session } = this;
    if (session.isDismissed) return;
    session.isDismissed = true;
    const { channel: { remote }, memberName: name } = session;
    this.#server.report({ kind: "dismissed", remote, name });
    this.stop();
  }

  /**
   * Answers until the connection has ended.
   *
   * @param ticket waited for before the first answer; absent for somebody who needs no permit
   */
  async serve(first: FirstMessage, ticket?: Ticket): Promise<void> {
    const { channel } = this.session;
    try {
      const waited = ticket && ticket.place > 0 ? await this.#wait(ticket) : { next: undefined };
      if (!waited) return;
      // Its turn came because others were told to go.
      if (this.#isStopping) return await this.#sayGoodbye();
      let { next } = waited;
      let arrival: Arrival = first;
      while (arrival.kind === "message" && await this.#answer(arrival)) {
        this.#liveness.wait();
        arrival = await (next ?? channel.receive());
        next = undefined;
        this.#liveness.heard();
      }
      this.#isOver = true;
      this.#requireLife();
      await channel.end();
    } finally {
      this.#isOver = true;
      this.#liveness.stop();
      await this.#takeOffline();
    }
  }

  async #wait(ticket: Ticket): Promise<{ next: Promise<Arrival> } | undefined> {
    const { admission, clock, report } = this.#server;
    const { channel: { remote }, memberName: name } = this.session;
    const { place } = ticket;
    report({ kind: "waiting", remote, name, place, ...occupancyOf(this.#server) });
    const waitingCount = () => admission.waitingCount;
    const liveness = this.#liveness;
    const waited = await waitForTurn(this.session, ticket, { clock, liveness, waitingCount });
    if (!waited) this.#requireLife();
    return waited;
  }

  /** @throws {TimeoutError} when the connection was closed here, for nothing came */
  #requireLife(): void {
    if (this.#liveness.lost) throw new TimeoutError(this.#liveness.lost);
  }

  /** @returns whether to go on */
  async #answer(received: FirstMessage): Promise<boolean> {
    const { session } = this;
    // A surplus connection counts nowhere: whatever comes on it is the last that does.
    if (isPong(received.message)) return !session.isSurplus;
    this.#isBusy = true;
    try {
      const pushes: Push[] = [];
      const context = {
        server: this.#server,
        session,
        dismiss: () => this.dismiss(),
        push: (push: Push) => void pushes.push(push),
      };
      const { outcome, reply } = await dispatch(received, context);
      const isExit = received.message.type === exitRequestType.type &&
        outcome.outcome === "answered";
      // Offline before the reply: who was told "Bye" can log in again at once.
      if (isExit) await this.#takeOffline();
      await session.reply(reply, pushes);
      if (this.#isStopping) await this.#sayGoodbye();
      return !isExit && !this.#isStopping && !session.isSurplus;
    } finally {
      this.#isBusy = false;
    }
  }

  #sayGoodbye(): Promise<void> {
    const body = this.session.isDismissed ? { dismissed: true } : {};
    return this.#goodbye ??= this.session.end(closingType, body);
  }

  async #takeOffline(): Promise<void> {
    const { ledger, report, sessions } = this.#server;
    const { memberName: name } = this.session;
    if (!this.session.isOnline || name === undefined) return;
    this.session.isOnline = false;
    // Who was revoked is offline already, and may be online again with a new certificate: that session is left alone.
    const isElsewhere = sessions.of(name).some(({ isOnline }) => isOnline);
    if (!this.session.isDismissed && !isElsewhere) {
      await this.session.commit(() => ledger.takeOffline(name));
    }
    report({ kind: "offline", name });
  }
}
