/** A session: a connection after its handshake, with the party at its other end. */
import type { AccountName } from "../../account_name.ts";
import type { Peer } from "../../envelope/peer.ts";
import type { Ledger, Presence } from "../../ledger/ledger.ts";
import { sealsPerTurn } from "../../limits.ts";
import type { CertificateRequest } from "../../pki/certificate_request.ts";
import { replyType } from "../../protocol/request_type.ts";
import type { JsonObject } from "../../strict_json.ts";
import type { Channel, Sending } from "../../transport/channel.ts";
import type { Share } from "../fair_queue.ts";

/** The party at the other end. An `unrecognized` one has no current certificate of an account. */
export type Speaker =
  | { readonly kind: "member"; readonly name: AccountName }
  | { readonly kind: "applicant"; readonly request: CertificateRequest }
  | { readonly kind: "unrecognized" };

/** Returns the party at the other end, by what the ledger says about its certificate now. */
export async function identifySpeaker(peer: Peer, ledger: Ledger): Promise<Speaker> {
  if (peer.kind === "applicant") return { kind: "applicant", request: peer.request };
  const { party, fingerprint } = peer.certificate;
  if (party.role !== "member") return { kind: "unrecognized" };
  // A new ledger may have the CA of an old one. The certificates of the old one stay valid.
  if (await ledger.currentCertificate(party.name) !== fingerprint) return { kind: "unrecognized" };
  return { kind: "member", name: party.name };
}

/** A message for a session that did not ask for it. */
export interface Push {
  readonly session: Session;
  readonly type: string;
  readonly body: JsonObject;
  /** Called when the system has taken the message, or the connection is over. */
  readonly onWritten?: (() => void) | undefined;
}

type Sealed = Pick<Sending, "written">;

export class Session {
  readonly channel: Channel;
  readonly speaker: Speaker;
  /** The queue share that pays for the work of this session. */
  readonly share: Share;
  /** Where this session took its member online. Absent while it is not online. */
  presence: Presence | undefined;
  /** Whether it takes relayed connections. */
  takesRelay = false;
  /**
   * The code that refuses its first request, which is also its last. It is 230 when its account has
   * all its connections already, and 510 when the ledger could not be asked whose session it is.
   */
  refusalCode: 230 | 510 | undefined;
  /** Whether its certificate no longer speaks for its account. */
  isDismissed = false;
  /**
   * Makes room for another login of its account, if the other side gives no sign of life.
   *
   * @returns whether it is offline
   */
  giveWay: () => Promise<boolean> = () => Promise.resolve(false);
  /**
   * Brings its member online again, after its server was taken for dead. When the member is online
   * elsewhere, the session ends.
   */
  comeBack: () => Promise<void> = () => Promise.resolve();

  readonly #end = Promise.withResolvers<void>();
  /** Resolves after the goodbye, or when a pushed message could not be delivered. */
  readonly over = this.#end.promise;
  /** Pushed messages that wait for a turn, in order. */
  readonly #pushes: (Push & { readonly sealed: PromiseWithResolvers<void> })[] = [];
  /** One promise for each pushed message that is not sealed. */
  readonly #pushing = new Set<Promise<void>>();

  constructor(channel: Channel, { speaker, share }: { speaker: Speaker; share: Share }) {
    this.channel = channel;
    this.speaker = speaker;
    this.share = share;
  }

  get isOnline(): boolean {
    return this.presence !== undefined;
  }

  get memberName(): AccountName | undefined {
    return this.speaker.kind === "member" ? this.speaker.name : undefined;
  }

  /**
   * Runs an expensive task in this party's turn. Keep it about as long as opening one message, and
   * let it wait for nobody else.
   */
  inTurn<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.share.run(task);
  }

  /**
   * Reads many rows in a turn of this party that comes after the ordinary turns of all parties.
   * Keep it about as long as opening one message.
   */
  read<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.share.runRead(task);
  }

  /**
   * Changes the ledger in a turn aside of this party, because the change waits for the disk. All
   * waiting changes of a member go to the disk together. Do not call it inside {@link inTurn}: the
   * change would wait for that turn to end.
   */
  commit<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.share.runAside(task);
  }

  /**
   * Adds a message to this session's pushes. They are sealed in the order of these calls. Each push
   * needs one call of {@link sealPushes}, by any member.
   */
  enqueue(push: Push): void {
    const sealed = Promise.withResolvers<void>();
    this.#pushes.push({ ...push, sealed });
    this.#pushing.add(sealed.promise);
    sealed.promise.then(() => this.#pushing.delete(sealed.promise));
  }

  /**
   * Sends the reply to a request, and seals a push of each session in `pushed`. This party's turns
   * pay for that. Charging the receivers would let many senders starve one of them.
   *
   * @returns resolves when the pushes are sealed and the system has taken the reply
   * @throws {ClosedError} when the reply cannot be written. The pushes are sent all the same.
   */
  async reply(body: JsonObject, pushed: readonly Session[] = []): Promise<void> {
    let reply: Sealed | undefined;
    const sealReply = async () => void (reply = await this.#seal(replyType, body));
    await sealInTurns([sealReply, ...pushed.map(sealingPush)], this.share);
    await reply!.written;
  }

  /**
   * Sends a message in this party's turn.
   *
   * @returns resolves when the system has taken the message
   * @throws {ClosedError} when the message cannot be written
   */
  async tell(type: string, body: JsonObject): Promise<void> {
    const { written } = await this.share.run(() => this.#seal(type, body));
    await written;
  }

  /** Pushes a message in this party's turn. When it cannot be delivered, the connection ends. */
  push(type: string, body: JsonObject, onWritten?: () => void): void {
    this.enqueue({ session: this, type, body, onWritten });
    sealPushes([this], this.share);
  }

  /** Pushes a message of the server's own, such as a ping, without waiting for a turn. */
  pushAtOnce(type: string, body: JsonObject): void {
    this.channel.send(type, body).written.catch(() => this.#lose());
  }

  /** Says goodbye after all pushed messages, and closes. */
  async end(type: string, body: JsonObject): Promise<void> {
    await Promise.all(this.#pushing);
    this.pushAtOnce(type, body);
    await this.channel.end();
    this.#end.resolve();
  }

  /** Resolves when the message is sealed. A turn does not wait for its receiver to read. */
  async #seal(type: string, body: JsonObject): Promise<Sealed> {
    await this.channel.waitForRoom();
    const { sealed, written } = this.channel.send(type, body);
    await sealed;
    return { written };
  }

  /** Seals the first push that waits. */
  async sealPush(): Promise<void> {
    await this.channel.waitForRoom();
    const { type, body, onWritten, sealed } = this.#pushes.shift()!;
    const sending = this.channel.send(type, body);
    sending.written.catch(() => this.#lose()).then(onWritten);
    await sending.sealed;
    sealed.resolve();
  }

  #lose(): void {
    this.channel.close();
    this.#end.resolve();
  }
}

/**
 * Seals one push of each session, in turns of a share.
 *
 * @param sessions a session with several pushes is in it several times
 * @returns resolves when they are sealed
 */
export function sealPushes(sessions: readonly Session[], share: Share): Promise<void> {
  return sealInTurns(sessions.map(sealingPush), share);
}

function sealingPush(session: Session): () => Promise<void> {
  return () => session.sealPush();
}

async function sealInTurns(
  seals: readonly (() => Promise<void>)[],
  share: Share,
): Promise<void> {
  const turns: Promise<unknown>[] = [];
  for (let from = 0; from < seals.length; from += sealsPerTurn) {
    const some = seals.slice(from, from + sealsPerTurn);
    turns.push(share.run(() => Promise.all(some.map((seal) => seal()))));
  }
  await Promise.all(turns);
}
