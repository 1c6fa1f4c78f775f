/**
 * How many accounts may be registered: of one address at a time, and of the ledger in all. Each account costs the ledger its rows for
 * good, and has a turn among the members.
 */
import type { Clock } from "../../clock.ts";
import { registrationEveryMs, registrationReportMs, registrationsAtOnce } from "../../limits.ts";
import type { Endpoint } from "../../transport/byte_stream.ts";
import { addressGroup } from "./address_group.ts";
import type { ReportEvent } from "../server_event.ts";
import { TokenBuckets } from "./token_buckets.ts";

export class Registrations {
  /** How many accounts the ledger may have. */
  readonly accountsMax: number;
  readonly #clock: Clock;
  readonly #report: ReportEvent;
  readonly #buckets: TokenBuckets;
  /** When each limit was reported last, by the monotonic clock. */
  readonly #reportedMs = new Map<"address" | "accounts", number>();

  constructor(
    { clock, report, accountsMax }: { clock: Clock; report: ReportEvent; accountsMax: number },
  ) {
    this.accountsMax = accountsMax;
    this.#clock = clock;
    this.#report = report;
    const [atOnce, everyMs] = [registrationsAtOnce, registrationEveryMs];
    this.#buckets = new TokenBuckets({ clock, atOnce, everyMs });
  }

  /** Takes one of its address's registrations, if there is one; tells the operator if there is none. */
  take(remote: Endpoint): boolean {
    const isFree = this.#buckets.take(addressGroup(remote.host));
    if (!isFree) this.#tell("address", { remote, most: registrationsAtOnce });
    return isFree;
  }

  /** The ledger has as many accounts as it may have. */
  reachedMax(remote: Endpoint): void {
    this.#tell("accounts", { remote, most: this.accountsMax });
  }

  #tell(limit: "address" | "accounts", about: { remote: Endpoint; most: number }): void {
    const nowMs = this.#clock.monotonicMs();
    const reportedMs = this.#reportedMs.get(limit);
    if (reportedMs !== undefined && nowMs - reportedMs < registrationReportMs) return;
    this.#reportedMs.set(limit, nowMs);
    this.#report({ kind: "registration_limit", limit, ...about });
  }
}
