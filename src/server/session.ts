/**
 * One connection after its handshake: who is at the other end, and what it may ask for.
 */
import type { AccountName } from "../account_name.ts";
import type { Correspondent } from "../envelope/correspondent.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { CertificateRequest } from "../pki/certificate_request.ts";
import type { JsonObject } from "../strict_json.ts";
import type { Channel } from "../transport/channel.ts";

/**
 * Who speaks. A `stranger` has a certificate of this CA that is not (or not any more) the one its account has in the ledger.
 */
export type Speaker =
  | { readonly kind: "member"; readonly name: AccountName }
  | { readonly kind: "applicant"; readonly request: CertificateRequest }
  | { readonly kind: "stranger" };

/** Finds out whether a certificate that is good in itself still speaks for its account. */
export async function identifySpeaker(
  correspondent: Correspondent,
  ledger: Ledger,
): Promise<Speaker> {
  if (correspondent.kind === "applicant") {
    return { kind: "applicant", request: correspondent.request };
  }
  const { party, fingerprint } = correspondent.certificate;
  if (party.role !== "member") return { kind: "stranger" };
  const account = await ledger.account(party.name);
  // After a ledger was started afresh under the same CA, old certificates are still validly issued; they speak for nobody.
  if (account?.certificate?.fingerprint !== fingerprint || account.isClosed) {
    return { kind: "stranger" };
  }
  return { kind: "member", name: party.name };
}

export class Session {
  readonly channel: Channel;
  readonly speaker: Speaker;
  /** Whether this is the session that took its member online. */
  isOnline = false;
  /** Whether its certificate was found to speak for its account no more. */
  isDismissed = false;

  constructor(channel: Channel, speaker: Speaker) {
    this.channel = channel;
    this.speaker = speaker;
  }

  get memberName(): AccountName | undefined {
    return this.speaker.kind === "member" ? this.speaker.name : undefined;
  }

  /** Sends something nobody asked for. When it cannot be delivered, the connection is over and its reader finds out. */
  push(type: string, body: JsonObject): void {
    this.channel.send(type, body).written.catch(() => this.channel.close());
  }
}
