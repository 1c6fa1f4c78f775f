/**
 * A payer's connection to its payee.
 */
import type { AccountName } from "../account_name.ts";
import {
  ClosedError,
  ConnectError,
  EnvelopeError,
  TimeoutError,
  UntrustedError,
} from "../errors.ts";
import { inZone } from "../pki/host.ts";
import { partyUri, sameParty } from "../pki/party.ts";
import { type Refusal, refuse } from "../protocol/exchange.ts";
import type { OnlineMember } from "../protocol/list.ts";
import type { Channel } from "../transport/channel.ts";
import { receiveGreeting } from "../transport/connect_channel.ts";
import { withDeadline } from "../transport/deadline.ts";
import type { MemberContext } from "./member_context.ts";

/**
 * Connects to a member where the server says it is, and makes sure that it is the one who answers there.
 *
 * @returns the refusal when nobody answers; nothing was sent then
 * @throws {UntrustedError} when somebody else answers; nothing was sent then either
 */
export async function connectToPeer(
  { name, ip, port }: OnlineMember,
  { anchor, clock, identity, network, observe, sessionKey, timeoutMs, zone }: MemberContext,
): Promise<Channel | Refusal> {
  try {
    const stream = await withDeadline(
      (signal) => network.connect({ host: inZone(ip, zone), port }, { signal }),
      { clock, timeoutMs },
    );
    const resolveAnchor = () => Promise.resolve(anchor);
    const peer = await receiveGreeting(stream, { role: "member", resolveAnchor, clock, timeoutMs });
    requireName(name, () => peer.close(), peer.greeting.certificate.party);
    return peer.introduce({ signer: { kind: "certified", identity }, sessionKey, observe });
  } catch (error) {
    if (error instanceof EnvelopeError) {
      const text = `pay ${name}: what answers at its address is not its client`;
      throw new UntrustedError(text, { cause: error });
    }
    const unreachable = error instanceof ConnectError || error instanceof TimeoutError ||
      error instanceof ClosedError;
    if (!unreachable) throw error;
    return refuse(264);
  }
}

function requireName(
  name: AccountName,
  close: () => void,
  party: Parameters<typeof partyUri>[0],
): void {
  if (sameParty(party, { role: "member", name })) return;
  close();
  throw new UntrustedError(`pay ${name}: ${partyUri(party)} answers at its address`);
}
