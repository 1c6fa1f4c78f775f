/**
 * Limits on registrations: a rate for each address, and a number of accounts for the ledger. An
 * account keeps its rows for ever and takes turns among the members.
 */
import type { Clock } from "../../clock.ts";
import { registrationEveryMs, registrationReportMs, registrationsAtOnce } from "../../limits.ts";
import type { Endpoint } from "../../transport/byte_stream.ts";
import type { ReportEvent } from "../server_event.ts";
import { addressGroup } from "./address_group.ts";
import { TokenBuckets } from "./token_buckets.ts";

export class Registrations {
  /** How many accounts the ledger may have. */
  readonly accountsMax: number;
  readonly #report: ReportEvent;
  /** The registrations of each address. */
  readonly #registrations: TokenBuckets;
  /** The reports about each limit. */
  readonly #reports: TokenBuckets;

  constructor(
    { clock, report, accountsMax }: { clock: Clock; report: ReportEvent; accountsMax: number },
  ) {
    this.accountsMax = accountsMax;
    this.#report = report;
    const registrations = { atOnce: registrationsAtOnce, everyMs: registrationEveryMs };
    this.#registrations = new TokenBuckets({ clock, ...registrations });
    this.#reports = new TokenBuckets({ clock, atOnce: 1, everyMs: registrationReportMs });
  }

  /** Takes a registration of an address. Returns whether there was one, and reports when not. */
  take(remote: Endpoint): boolean {
    const isFree = this.#registrations.take(addressGroup(remote.host));
    if (!isFree) this.#reportLimit("address", { remote, most: registrationsAtOnce });
    return isFree;
  }

  /** Reports that the ledger has all the accounts that it may have. */
  reportFullLedger(remote: Endpoint): void {
    this.#reportLimit("accounts", { remote, most: this.accountsMax });
  }

  #reportLimit(limit: "address" | "accounts", about: { remote: Endpoint; most: number }): void {
    if (!this.#reports.take(limit)) return;
    this.#report({ kind: "registration_limit", limit, ...about });
  }
}
