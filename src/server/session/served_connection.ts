/**
 * A connection from its arrival to its end. It starts as a stranger's. It may become a member's,
 * which is served or waits. In the end it gives back all that it holds.
 */
import type { AccountName } from "../../account_name.ts";
import {
  ClosedError,
  EnvelopeError,
  isLedgerUnavailable,
  LedgerError,
  messageOf,
  TimeoutError,
} from "../../errors.ts";
import type { SessionKey } from "../../envelope/session_key.ts";
import { applicantTimeoutMs, firstMessageTimeoutMs, pressedTimeoutMs } from "../../limits.ts";
import { waitingType } from "../../protocol/waiting.ts";
import { acceptChannel, type Accepted } from "../../transport/accept_channel.ts";
import type { ByteStream } from "../../transport/byte_stream.ts";
import type { Channel } from "../../transport/channel.ts";
import { addressGroup } from "../admission/address_group.ts";
import type { Share } from "../fair_queue.ts";
import { occupancyOf } from "../admission/occupancy.ts";
import { type FirstMessage, ServedSession } from "./served_session.ts";
import type { ServerContext } from "../server_context.ts";
import { identifySpeaker, Session, type Speaker } from "./session.ts";
import type { Stranger } from "../admission/strangers.ts";

/** What a failure of a connection is reported as. */
const attempt = "serve a connection";

export class ServedConnection {
  readonly #stream: ByteStream;
  readonly #server: ServerContext;
  /** The address group that this connection counts for. */
  readonly #address: string;
  #served: ServedSession | undefined;

  constructor(stream: ByteStream, server: ServerContext) {
    this.#stream = stream;
    this.#server = server;
    this.#address = addressGroup(stream.remote.host);
  }

  /** Serves until the connection has ended. It reports errors, which end this connection only. */
  async serve(): Promise<void> {
    const { report, strangers } = this.#server;
    const { remote } = this.#stream;
    const stranger = strangers.admit(this.#address, () => this.#crowdOut());
    if (!stranger) return this.#crowdOut();
    report({ kind: "connected", remote, ...occupancyOf(this.#server) });
    try {
      await this.#converse(stranger);
    } catch (error) {
      this.#reportFailure(error);
    } finally {
      this.#stream.close();
      stranger.leave();
      const name = this.#served?.session.memberName;
      report({ kind: "disconnected", remote, name, ...occupancyOf(this.#server) });
    }
  }

  /** Does what {@link ServedSession.stop} does. A connection without a session is closed. */
  stop(): void {
    if (this.#served) this.#served.stop();
    else this.#stream.close();
  }

  serves(session: Session): boolean {
    return this.#served?.session === session;
  }

  /** Does what {@link ServedSession.dismiss} does. */
  dismiss(): void {
    this.#served?.dismiss();
  }

  abort(): void {
    this.#stream.close();
  }

  /** Closes a stranger's connection for a later one. It sends no message, which would cost more. */
  #crowdOut(): void {
    const { remote } = this.#stream;
    this.#server.report({ kind: "crowded_out", remote, ...occupancyOf(this.#server) });
    this.#stream.close();
  }

  async #converse(stranger: Stranger): Promise<void> {
    const lease = this.#server.sessionKeys.lease();
    try {
      const share = this.#server.queue.share(`address ${this.#address}`);
      const accepted = await this.#accept(stranger, { sessionKey: lease.key, share });
      if (!accepted) return;
      try {
        await this.#serveSession(stranger, { accepted, share });
      } finally {
        // The connection lasts until no message is being sealed for it.
        await accepted.channel.abandon();
      }
    } finally {
      lease.release();
    }
  }

  #accept(
    stranger: Stranger,
    { sessionKey, share }: { sessionKey: SessionKey; share: Share },
  ): Promise<Accepted | undefined> {
    return acceptChannel(this.#stream, {
      ...this.#server,
      sessionKey,
      applicants: true,
      scheduler: share,
      firstScheduler: {
        run: async (task) => {
          stranger.speaks();
          await this.#server.firstLines.take(this.#address);
          return await share.run(task);
        },
      },
      firstMessageTimeoutMs: this.#unlessPressed(firstMessageTimeoutMs),
    });
  }

  async #serveSession(
    stranger: Stranger,
    { accepted: { channel, message, line }, share }: { accepted: Accepted; share: Share },
  ): Promise<void> {
    const { speaker, refusalCode } = await this.#identify(channel);
    const session = new Session(channel, { speaker, share });
    session.refusalCode = refusalCode;
    const strangerTimeoutMs = this.#unlessPressed(applicantTimeoutMs);
    const served = new ServedSession(session, { server: this.#server, strangerTimeoutMs });
    this.#served = served;
    const first = { kind: "message", message, line } as const;
    const name = session.memberName;
    if (name === undefined) {
      stranger.stays();
      return await served.serve(first);
    }
    stranger.leave();
    this.#server.firstLines.giveBack(this.#address);
    // All connections of a member take turns as one party.
    share.party = `member ${name}`;
    await this.#admit(served, { name, first });
  }

  /** Returns who is at the other end, and the code of a ledger that cannot say it now. */
  async #identify({ peer, remote }: Channel): Promise<{ speaker: Speaker; refusalCode?: 510 }> {
    const { ledger, ledgerFaults } = this.#server;
    try {
      const speaker = await identifySpeaker(peer, ledger);
      ledgerFaults.succeeded(attempt);
      return { speaker };
    } catch (error) {
      if (!isLedgerUnavailable(error)) throw error;
      ledgerFaults.take({ remote, attempt, error });
      return { speaker: { kind: "unrecognized" }, refusalCode: 510 };
    }
  }

  async #admit(
    served: ServedSession,
    { name, first }: { name: AccountName; first: FirstMessage },
  ): Promise<void> {
    const { admission, exchange, relays, report, sessions } = this.#server;
    const { session } = served;
    const entered = admission.enter({ name, address: this.#address });
    if (entered.outcome === "surplus") {
      session.refusalCode = 230;
      return await served.serve(first);
    }
    if (entered.outcome === "full") {
      const about = { of: entered.of, remote: this.#stream.remote, name };
      report({ kind: "full", ...about, ...occupancyOf(this.#server) });
      await session.tell(waitingType, { place: 0 });
      return await session.channel.end();
    }
    const { ticket } = entered;
    sessions.add(name, session);
    try {
      await served.serve(first, ticket);
    } finally {
      sessions.remove(name, session);
      relays.leave(session).forEach((left) => exchange.end(left));
      ticket.release();
    }
  }

  /** Returns the time that a stranger has. It is shorter while the pool is half full. */
  #unlessPressed(timeoutMs: number): number {
    return this.#server.strangers.isPressed(this.#address) ? pressedTimeoutMs : timeoutMs;
  }

  #reportFailure(error: unknown): void {
    const remote = this.#stream.remote;
    if (error instanceof LedgerError) {
      this.#server.failStop(error);
    } else if (error instanceof EnvelopeError || error instanceof TimeoutError) {
      this.#server.report({ kind: "line_refused", remote, reason: messageOf(error) });
    } else if (!(error instanceof ClosedError)) {
      // A peer may close at any time. Any other error is a defect, or the ledger is unavailable.
      this.#server.ledgerFaults.take({ remote, attempt, error });
    }
  }
}
