/**
 * A member that stays online. When its connection is lost, it connects again, logs in with the same
 * port, and tells the payments that it missed.
 */
import {
  ClosedError,
  isConnectionFault,
  MicropayError,
  OtherLedgerError,
  UntrustedError,
} from "../errors.ts";
import { reconnectMsMax, reconnectMsMin } from "../limits.ts";
import type { Outcome, Refusal } from "../protocol/request_type.ts";
import type { OnlineMember } from "../protocol/list.ts";
import type { Random } from "../random.ts";
import type { Endpoint } from "../transport/byte_stream.ts";
import { withDeadline } from "../transport/deadline.ts";
import { LastingListener } from "../transport/lasting_listener.ts";
import type { Member, OnlineOptions } from "./member.ts";
import { ToldPayments } from "./payment/told_payments.ts";
import type { Settled } from "./payment/settlement.ts";

/** What happens to the connection. `reason` says why there is none. */
export type ConnectionEvent =
  | { readonly kind: "lost"; readonly reason: MicropayError }
  | { readonly kind: "retrying"; readonly inMs: number; readonly reason: MicropayError }
  | { readonly kind: "connecting" }
  /** Its place in the server's waiting room. */
  | { readonly kind: "waiting"; readonly place: number }
  /** A payment that was in doubt is decided. */
  | { readonly kind: "settled"; readonly settled: Settled }
  | { readonly kind: "online"; readonly port: number };

/** Why a member does not stay online. Connecting again would not help. */
export type ConnectionEnd =
  /** Another login of its account replaced it, or the operator ended its certificate or account. */
  | { readonly why: "replaced" | "dismissed"; readonly error: MicropayError }
  | { readonly why: "refused"; readonly refusal: Refusal }
  /** The ledger at this address is another one, for example. */
  | { readonly why: "failed"; readonly error: unknown };

export interface LastingOptions extends Omit<OnlineOptions, "listen"> {
  readonly listen: Endpoint;
  /** The entry after which payments are told. The newest one of its own when absent. */
  readonly since?: number | undefined;
  readonly onEvent: (event: ConnectionEvent) => void;
}

/**
 * Connects to the same ledger as the same account.
 *
 * @throws {OtherLedgerError} when another ledger answers for certain
 * @throws {UntrustedError} when what answers proves nothing
 */
export type Reconnect = (
  options: { readonly onWaiting: (place: number) => void },
) => Promise<Member>;

/** Refusals that pass: one connection too many, and a ledger that cannot be written now. */
const passingCodes: readonly number[] = [230, 500, 510, 520];

export class LastingMember {
  /** Resolves when it will not be online again. Never before {@link goOnline}, nor after `stop`. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #connect: Reconnect;
  readonly #end = Promise.withResolvers<ConnectionEnd>();
  readonly #stopping = new AbortController();
  #member: Member;
  #goingOnline: LastingOptions | undefined;
  #listener: LastingListener | undefined;
  #told: ToldPayments | undefined;
  #isOnline = false;

  /** @param member is connected and not online */
  constructor(member: Member, connect: Reconnect) {
    this.#member = member;
    this.#connect = connect;
    this.ended = this.#end.promise;
  }

  /** The member on its present connection. While there is none, on the last one. */
  get member(): Member {
    return this.#member;
  }

  get context(): Member["context"] {
    return this.#member.context;
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Audits on the present connection, as {@link Member.audit}. */
  audit(...options: Parameters<Member["audit"]>): ReturnType<Member["audit"]> {
    return this.#member.audit(...options);
  }

  /**
   * Listens for peers, logs in, and stays online from then on. A failure before that is final.
   *
   * @throws {ListenError} when it cannot listen there
   * @throws {ClosedError} | {TimeoutError} when the server does not answer
   * @throws {ClosedError} when it was left meanwhile
   */
  async goOnline(options: LastingOptions): Promise<Outcome<OnlineMember>> {
    const { listen, onPayment } = options;
    this.#goingOnline = options;
    const since = options.since ?? await newestEntry(this.#member);
    if (typeof since !== "number") return since;
    // It may have been left meanwhile, and nobody would close what listens then.
    if (this.#stopping.signal.aborted) {
      throw new ClosedError(`log in as ${this.context.name}: this client is ending`);
    }
    this.#told = new ToldPayments(since, onPayment);
    this.#told.hold();
    this.#listener = new LastingListener(this.context.network.listen(listen));
    const outcome = await this.#logIn(this.#member);
    if (outcome.outcome === "answered") this.#run();
    return outcome;
  }

  /** Connects no more, and reads no more of the past. The connection stays until it is ended. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Refuses further orders of peers, and waits for those that the server decides just now. */
  async stopTaking(): Promise<void> {
    this.stop();
    this.#listener?.close();
    await this.#member.stopTaking();
  }

  /** Says goodbye to the server, if there is a connection, and ends it. */
  async exit(): Promise<void> {
    await this.stopTaking();
    if (this.#isOnline) await this.#member.exit();
    else await this.#member.abandon();
  }

  /** Closes all connections without a word. */
  async abandon(): Promise<void> {
    this.stop();
    this.#listener?.close();
    await this.#member.abandon();
  }

  get #options(): LastingOptions {
    return this.#goingOnline!;
  }

  async #run(): Promise<void> {
    const { onEvent } = this.#options;
    try {
      for (;;) {
        const lost = await this.#serve();
        this.#isOnline = false;
        if (this.#stopping.signal.aborted) return;
        if ("why" in lost) return this.#finish(lost);
        onEvent({ kind: "lost", reason: lost });
        await this.#member.abandon();
        const end = await this.#reconnect(lost);
        if (end) return this.#finish(end);
        if (this.#stopping.signal.aborted) return;
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#finish({ why: "failed", error });
    }
  }

  #finish(end: ConnectionEnd): void {
    this.#listener?.close();
    this.#end.resolve(end);
  }

  /** @returns why the connection is lost, or why there can be no other one */
  async #serve(): Promise<MicropayError | ConnectionEnd> {
    const { link } = this.context;
    try {
      const refusal = await this.#tellPast();
      if (refusal && !passingCodes.includes(refusal.code)) return { why: "refused", refusal };
      if (refusal) return new ClosedError(`read missed payments: ${refusal.text}`);
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (!(error instanceof ClosedError)) return error;
    }
    const reason = await link.closed;
    const why = link.finalGoodbye;
    return why ? { why, error: reason } : reason;
  }

  async #tellPast(): Promise<Refusal | undefined> {
    const told = this.#told!;
    do {
      if (this.#stopping.signal.aborted) return;
      for await (const received of this.#member.received({ since: told.since })) {
        if (received.outcome === "refused") return received;
        told.past(received.answer);
        // Later payments are neither read nor stored.
        if (this.#stopping.signal.aborted) break;
      }
    } while (!told.release());
  }

  /** Connects until that succeeds. @returns why it never will */
  async #reconnect(lost: MicropayError): Promise<ConnectionEnd | undefined> {
    const { onEvent } = this.#options;
    const { random } = this.context;
    let reason = lost;
    for (let failures = 0;; failures++) {
      const inMs = drawPauseMs(failures, random);
      onEvent({ kind: "retrying", inMs, reason });
      await this.#pause(inMs);
      if (this.#stopping.signal.aborted) return;
      onEvent({ kind: "connecting" });
      const tried = await this.#tryToConnect();
      if (!tried || "why" in tried) return tried;
      reason = tried;
    }
  }

  /** @returns nothing when it is online or stopped, or why it is not */
  async #tryToConnect(): Promise<MicropayError | ConnectionEnd | undefined> {
    const { onEvent } = this.#options;
    let member: Member | undefined;
    try {
      member = await this.#connect({ onWaiting: (place) => onEvent({ kind: "waiting", place }) });
      // While stopping, nobody waits for it.
      if (this.#stopping.signal.aborted) return void await member.abandon();
      for await (const settled of member.settle()) onEvent({ kind: "settled", settled });
      if (this.#stopping.signal.aborted) return void await member.abandon();
      this.#told!.hold();
      const outcome = await this.#logIn(member);
      if (outcome.outcome === "answered") return;
      await member.abandon();
      if (!passingCodes.includes(outcome.code)) return { why: "refused", refusal: outcome };
      const why = outcome.code === 230 ? "it is online from elsewhere" : outcome.text;
      return new ClosedError(`log in as ${this.context.name} again: ${why}`);
    } catch (error) {
      await member?.abandon();
      if (!isPassing(error)) throw error;
      const why = member?.context.link.finalGoodbye;
      return why ? { why, error } : error;
    }
  }

  async #logIn(member: Member): Promise<Outcome<OnlineMember>> {
    const { onEvent } = this.#options;
    const outcome = await member.goOnline({
      ...this.#options,
      listen: this.#listener!.lend(),
      onPayment: (payment) => this.#told!.live(payment),
    });
    if (outcome.outcome === "refused") return outcome;
    if (this.#stopping.signal.aborted) await member.abandon();
    else this.#isOnline = true;
    this.#member = member;
    if (this.#isOnline) onEvent({ kind: "online", port: outcome.answer.port });
    return outcome;
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.context;
    return withDeadline(
      (over) =>
        new Promise((resolve) => {
          if (over.aborted) resolve();
          over.addEventListener("abort", () => resolve(), { once: true });
        }),
      { clock, timeoutMs: ms, signal: this.#stopping.signal },
    );
  }
}

/**
 * Returns whether another attempt may succeed. The server or the path to it was away, or something
 * else answered: a network's login page, or an attacker who wants to end the client for good.
 */
function isPassing(error: unknown): error is MicropayError {
  return isConnectionFault(error) ||
    (error instanceof UntrustedError && !(error instanceof OtherLedgerError));
}

/**
 * Returns a random pause before the next attempt, in milliseconds. Its bound doubles with each
 * failure, up to `reconnectMsMax`.
 */
export function drawPauseMs(failures: number, random: Random): number {
  const boundMs = Math.min(reconnectMsMax, 2 * reconnectMsMin * 2 ** failures);
  const [drawn] = new Uint32Array(random.bytes(4).buffer);
  return Math.round(reconnectMsMin + (boundMs - reconnectMsMin) * (drawn! / 2 ** 32));
}

/** @returns the number of a member's newest entry, 0 when it has none */
async function newestEntry(member: Member): Promise<number | Refusal> {
  for await (const page of member.history({ limit: 1 })) {
    return page.outcome === "refused" ? page : page.answer.entries[0]?.entry ?? 0;
  }
  return 0;
}
