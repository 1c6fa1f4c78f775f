/** A session from its first message to its end: the wait, requests and replies, the goodbye. */
import { TimeoutError } from "../../errors.ts";
import { closingType, exitRequestType } from "../../protocol/exit.ts";
import { isPong } from "../../protocol/ping.ts";
import type { Arrival } from "../../transport/channel.ts";
import type { Presence } from "../../ledger/ledger.ts";
import type { Ticket } from "../admission/admission.ts";
import { dispatch } from "../dispatch.ts";
import { Liveness } from "./liveness.ts";
import { occupancyOf } from "../admission/occupancy.ts";
import type { ServerContext } from "../server_context.ts";
import { type Push, sealPushes, type Session } from "./session.ts";
import { waitForPermit } from "./waiting_room.ts";

export type FirstMessage = Arrival & { kind: "message" };

export class ServedSession {
  readonly session: Session;
  readonly #server: ServerContext;
  readonly #liveness: Liveness;
  /** Whether a request is being answered. The answer is finished before the connection ends. */
  #isBusy = false;
  #isStopping = false;
  /** Whether another login of its account took its place. */
  #isReplaced = false;
  #offline: Promise<void> | undefined;
  /** The attempt to come online again that is under way, or the last one. */
  #comingBack: Promise<void> | undefined;
  #goodbye: Promise<void> | undefined;
  /** Whether the other side has gone, so that no goodbye is sent. */
  #isOver = false;

  /** @param strangerTimeoutMs how long a connection of no member may last */
  constructor(
    session: Session,
    { server, strangerTimeoutMs }: { server: ServerContext; strangerTimeoutMs: number },
  ) {
    this.session = session;
    this.#server = server;
    this.#liveness = new Liveness(session, { ...server, strangerTimeoutMs });
    session.giveWay = () => this.#giveWay();
    session.comeBack = () => this.#comeBack();
  }

  /** Says goodbye and ends the connection, after the answer to a request under way. */
  stop(): void {
    this.#isStopping = true;
    if (!this.#isBusy && !this.#isOver) this.#sayGoodbye();
  }

  /** Stops the session of a member whose certificate is revoked or whose account is closed. */
  dismiss(): void {
    const { session } = this;
    if (session.isDismissed) return;
    session.isDismissed = true;
    const { channel: { remote }, memberName: name } = session;
    this.#server.report({ kind: "dismissed", remote, name });
    this.stop();
  }

  /**
   * Answers requests until the connection has ended.
   *
   * @param ticket the member's ticket. The first answer waits for its permit. Strangers have none.
   */
  async serve(first: FirstMessage, ticket?: Ticket): Promise<void> {
    const { channel } = this.session;
    try {
      const waited = ticket && ticket.place > 0 ? await this.#wait(ticket) : { next: undefined };
      if (!waited) return;
      // Its permit came free because the server is stopping.
      if (this.#isStopping) return await this.#sayGoodbye();
      let { next } = waited;
      let arrival: Arrival = first;
      while (arrival.kind === "message" && await this.#answer(arrival)) {
        this.#liveness.wait();
        arrival = await (next ?? channel.receive());
        next = undefined;
        if (arrival.kind === "message") this.#liveness.heard();
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
    const waited = await waitForPermit(this.session, ticket, { clock, liveness, waitingCount });
    if (!waited) this.#requireLife();
    return waited;
  }

  /** @throws {TimeoutError} when this side closed the connection because no message came */
  #requireLife(): void {
    if (this.#liveness.lost) throw new TimeoutError(this.#liveness.lost);
  }

  /** Answers a message. Returns whether to read another one. */
  async #answer(received: FirstMessage): Promise<boolean> {
    const { session } = this;
    // A connection that is refused counts for no limit, so its first message is its last.
    const isLast = session.refusalCode !== undefined;
    if (isPong(received.message)) return !isLast;
    this.#isBusy = true;
    // Sealed together with the reply. What is pushed later has turns of its own.
    let pushed: Session[] | undefined = [];
    try {
      const context = {
        server: this.#server,
        session,
        dismiss: () => this.dismiss(),
        push: (push: Push) => {
          push.session.enqueue(push);
          if (pushed) pushed.push(push.session);
          else sealPushes([push.session], session.share);
        },
      };
      const { outcome, reply } = await dispatch(received, context);
      const isExit = received.message.type === exitRequestType.type &&
        outcome.outcome === "answered";
      // Offline before the reply, so that a member can log in again right after its "Bye".
      if (isExit) await this.#takeOffline();
      const beside = pushed;
      pushed = undefined;
      await session.reply(reply, beside);
      if (this.#isStopping) await this.#sayGoodbye();
      return !isExit && !this.#isStopping && !isLast;
    } finally {
      if (pushed) sealPushes(pushed, session.share);
      this.#isBusy = false;
    }
  }

  async #giveWay(): Promise<boolean> {
    if (await this.#liveness.isAlive()) return false;
    this.#replace();
    await this.#takeOffline();
    return true;
  }

  #comeBack(): Promise<void> {
    const { presence } = this.session;
    if (!presence || this.#offline) return Promise.resolve();
    return this.#comingBack = this.#bringBack(presence);
  }

  async #bringBack(presence: Presence): Promise<void> {
    const { ledger, serverId } = this.#server;
    const { outcome } = await ledger.bringOnline(presence);
    if (outcome !== "already_online") return;
    const found = await ledger.presence(presence.name);
    if (found && found.server !== serverId) this.#replace();
  }

  #replace(): void {
    if (this.#isOver || this.#isReplaced) return;
    const { channel: { remote }, memberName: name } = this.session;
    this.#isReplaced = true;
    this.#server.report({ kind: "replaced", remote, name });
    this.stop();
  }

  #sayGoodbye(): Promise<void> {
    const body = {
      ...(this.session.isDismissed && { dismissed: true }),
      ...(this.#isReplaced && { replaced: true }),
    };
    return this.#goodbye ??= this.session.end(closingType, body);
  }

  #takeOffline(): Promise<void> {
    return this.#offline ??= this.#leave();
  }

  async #leave(): Promise<void> {
    const { ledger, report, serverId, sessions } = this.#server;
    const { memberName: name } = this.session;
    if (!this.session.isOnline || name === undefined) return;
    // Otherwise it would come online after it was taken offline, and stay so.
    await this.#comingBack?.catch(() => {});
    // A revoked member is offline already. A session under its new certificate may be online.
    const isElsewhere = sessions.of(name).some((one) => one !== this.session && one.isOnline);
    if (!this.session.isDismissed && !isElsewhere) {
      await this.session.commit(() => ledger.takeOffline(name, { server: serverId }));
    }
    this.session.presence = undefined;
    report({ kind: "offline", name });
  }
}
