/**
 * One connection after its handshake: who is at the other end, and what it may ask for.
 */
import type { AccountName } from "../../account_name.ts";
import type { Peer } from "../../envelope/peer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { CertificateRequest } from "../../pki/certificate_request.ts";
import { replyType } from "../../protocol/request_type.ts";
import type { JsonObject } from "../../strict_json.ts";
import type { Channel, Sending } from "../../transport/channel.ts";
import type { Share } from "../fair_queue.ts";

/**
 * Who speaks. An `unrecognized` one has a
 * certificate of this CA, but not the one that its account has in the ledger now.
 */
export type Speaker =
  | { readonly kind: "member"; readonly name: AccountName }
  | { readonly kind: "applicant"; readonly request: CertificateRequest }
  | { readonly kind: "unrecognized" };

/** Finds out whether a certificate that is good in itself still speaks for its account. */
export async function identifySpeaker(
  peer: Peer,
  ledger: Ledger,
): Promise<Speaker> {
  if (peer.kind === "applicant") {
    return { kind: "applicant", request: peer.request };
  }
  const { party, fingerprint } = peer.certificate;
  if (party.role !== "member") return { kind: "unrecognized" };
  const account = await ledger.account(party.name);
  // After a ledger was started afresh under the same CA, old certificates are still validly issued; they speak for nobody.
  if (account?.certificate?.fingerprint !== fingerprint || account.isClosed) {
    return { kind: "unrecognized" };
  }
  return { kind: "member", name: party.name };
}

export class Session {
  readonly channel: Channel;
  readonly speaker: Speaker;
  /** Whose turn it is to do what this connection asks for. */
  readonly share: Share;
  /** Whether this is the session that took its member online. */
  isOnline = false;
  /** Whether its account had as many connections as it may have when it came: it is told so, and closed. */
  isSurplus = false;
  /** Whether its certificate was found to speak for its account no more. */
  isDismissed = false;

  /** Resolves when something pushed could not be delivered, or after the goodbye: nobody is at the other end any more. */
  readonly over: Promise<void>;
  readonly #end = Promise.withResolvers<void>();
  /** What was pushed and waits for its turn. */
  readonly #pushing = new Set<Promise<void>>();

  constructor(channel: Channel, { speaker, share }: { speaker: Speaker; share: Share }) {
    this.channel = channel;
    this.speaker = speaker;
    this.share = share;
    this.over = this.#end.promise;
  }

  get memberName(): AccountName | undefined {
    return this.speaker.kind === "member" ? this.speaker.name : undefined;
  }

  /**
   * Does something that costs much for whoever is at the other end, when it is its turn: about as much as opening a message, so that nobody
   * waits longer for one turn than for another. What costs more is cut into slices. Nothing is waited for in it that others decide.
   */
  inTurn<Result>(task: () => Promise<Result> | Result): Promise<Result> {
    return this.share.run(task);
  }

  /**
   * Changes the ledger, when it is this one's turn. A change waits for the disk, so it takes nobody else's turn. But however many
   * connections a member has, its changes go to the disk together, and between two times it has its other turns like everybody. Not to be
   * called inside of `inTurn`, whose turn it would wait for.
   */
  commit<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.share.runAside(task);
  }

  /**
   * Sends what was asked for. Resolves when the system has taken it.
   *
   * @throws {ClosedError} when that cannot be any more
   */
  reply(body: JsonObject): Promise<void> {
    return this.tell(replyType, body);
  }

  /**
   * Sends in its own turn. Resolves when the system has taken it.
   *
   * @throws {ClosedError} when that cannot be any more
   */
  async tell(type: string, body: JsonObject): Promise<void> {
    const { written } = await this.#sendInTurn(type, { body, share: this.share });
    await written;
  }

  /**
   * Sends something nobody asked for. When it cannot be delivered, the connection is over and its reader finds out.
   *
   * @param cause the share of whoever brings it about, in whose turn it is sealed: in its receiver's, many who each ask for something to be
   * told to one member could have more wait for it than it has turns. Absent for the server's own few words, which are sealed at once
   */
  push(type: string, body: JsonObject, { cause }: { cause?: Share } = {}): void {
    const lose = () => {
      this.channel.close();
      this.#end.resolve();
    };
    if (!cause) {
      this.channel.send(type, body).written.catch(lose);
      return;
    }
    const pushing = this.#sendInTurn(type, { body, share: cause }).then(({ written }) => {
      written.catch(lose);
      this.#pushing.delete(pushing);
    });
    this.#pushing.add(pushing);
  }

  /** Says goodbye after all that was pushed before, and closes. */
  async end(type: string, body: JsonObject): Promise<void> {
    await Promise.all(this.#pushing);
    this.push(type, body);
    await this.channel.end();
    this.#end.resolve();
  }

  /** The turn is over when the message is sealed: whether its receiver reads is on nobody's time but its own. */
  #sendInTurn(
    type: string,
    { body, share }: { body: JsonObject; share: Share },
  ): Promise<Pick<Sending, "written">> {
    return share.run(async () => {
      await this.channel.waitForRoom();
      const { sealed, written } = this.channel.send(type, body);
      await sealed;
      return { written };
    });
  }
}
