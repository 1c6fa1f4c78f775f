/**
 * What the parts of a connected member share.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import type { SessionKey } from "../envelope/session_key.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Random } from "../random.ts";
import type { Network } from "../transport/byte_stream.ts";
import type { LineObserver } from "../transport/channel.ts";
import type { PeerCheckpoints } from "./peer_checkpoints.ts";
import type { RelayedConnections } from "./relayed_connections.ts";
import type { ServerLink } from "./server_link.ts";
import type { AccountStore } from "./wallet/wallet_store.ts";

export interface MemberContext extends ConnectedMember {
  readonly peerCheckpoints: PeerCheckpoints;
  readonly relayed: RelayedConnections;
}

/** What a member is made of. */
export interface ConnectedMember extends AccountStore {
  readonly name: AccountName;
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly sessionKey: SessionKey;
  readonly link: ServerLink;
  /** The file that the account's receipts are in, for messages. */
  readonly receiptsFile: string;
  readonly network: Network;
  /**
   * The zone of the server's address if that is link-local. Peers with such addresses are in it
   * too.
   */
  readonly zone?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** How long to wait for one answer. */
  readonly timeoutMs: number;
  readonly observe?: LineObserver | undefined;
  /** Whether this member neither uses relayed connections nor takes them. */
  readonly forbidsRelay?: boolean | undefined;
}
