/**
 * What a logged-in client's parts share.
 */
import type { AccountName } from "../account_name.ts";
import type { Clock } from "../clock.ts";
import type { SessionKey } from "../envelope/session_key.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { Random } from "../random.ts";
import type { Network } from "../transport/byte_stream.ts";
import type { LineObserver } from "../transport/channel.ts";
import type { Disk } from "./wallet/disk.ts";
import type { Outbox } from "./wallet/outbox.ts";
import type { ReceiptStore } from "./wallet/receipt_store.ts";
import type { ServerLink } from "./server_link.ts";

export interface MemberContext {
  readonly name: AccountName;
  readonly identity: Identity;
  readonly anchor: TrustAnchor;
  readonly sessionKey: SessionKey;
  readonly link: ServerLink;
  /** The account's own folder, on this disk. */
  readonly folder: string;
  readonly disk: Disk;
  readonly receipts: ReceiptStore;
  readonly outbox: Outbox;
  readonly network: Network;
  /** The zone of the server's address, if it is link-local: the one in which peers with such an address are. */
  readonly zone?: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** How long to wait for anybody's answer. */
  readonly timeoutMs: number;
  readonly observe?: LineObserver | undefined;
}
