/** The state and the dependencies that all connections of a server share. */
import type { Clock } from "../clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { CertificateAuthority } from "../pki/certificate_authority.ts";
import type { Identity } from "../pki/identity.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { ChangeHistory } from "../protocol/change_history.ts";
import type { Random } from "../random.ts";
import type { Admission } from "./admission/admission.ts";
import type { DecisionPushes } from "./decision_pushes.ts";
import type { FairQueue } from "./fair_queue.ts";
import type { FirstLines } from "./admission/first_lines.ts";
import type { MemberSessions } from "./session/member_sessions.ts";
import type { LedgerFaults } from "./ledger_faults.ts";
import type { PublishedCheckpoints } from "./published_checkpoints.ts";
import type { Registrations } from "./admission/registrations.ts";
import type { RelayExchange } from "./relay_exchange.ts";
import type { Relays } from "./relays.ts";
import type { ReportEvent } from "./server_event.ts";
import type { SessionKeys } from "./session/session_keys.ts";
import type { Strangers } from "./admission/strangers.ts";
import type { TokenBuckets } from "./admission/token_buckets.ts";

export interface ServerDependencies {
  readonly ledger: Ledger;
  /** The ledger's account changes. Each is verified once. */
  readonly changes: ChangeHistory;
  readonly anchor: TrustAnchor;
  /** Issues the certificates of new members. Absent where the server registers nobody. */
  readonly authority?: CertificateAuthority | undefined;
  readonly identity: Identity;
  readonly sessionKeys: SessionKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: ReportEvent;
}

export interface ServerContext extends ServerDependencies {
  readonly initialBalance: number;
  /** Whether a new account needs an invitation. */
  readonly join: "open" | "invite";
  /** Names this process among the servers of the ledger. Random. */
  readonly serverId: string;
  readonly sessions: MemberSessions;
  readonly admission: Admission;
  readonly strangers: Strangers;
  readonly firstLines: FirstLines;
  readonly registrations: Registrations;
  readonly published: PublishedCheckpoints;
  readonly relays: Relays;
  readonly exchange: RelayExchange;
  readonly decisions: DecisionPushes;
  readonly ledgerFaults: LedgerFaults;
  /** Bounds the requests of strangers at one address for checkpoints and proofs. */
  readonly strangerRequests: TokenBuckets;
  /** The queue for expensive work. Its parties are addresses of strangers, and members. */
  readonly queue: FairQueue;
  /** Stops the server, because its ledger can no longer be trusted. */
  readonly failStop: (error: unknown) => void;
}
