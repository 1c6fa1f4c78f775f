/**
 * Reports that the ledger cannot be used now once, and that it can be used again once. Meanwhile
 * every request of every member fails, and one line for each would fill the log.
 */
import { isLedgerUnavailable, LedgerBusyError } from "../errors.ts";
import type { ReportEvent, ServerEvent } from "./server_event.ts";

/** The failed attempt of a request, as the server reports it. */
type Fault = Omit<Extract<ServerEvent, { kind: "fault" }>, "kind">;

export class LedgerFaults {
  readonly #report: ReportEvent;
  /** What failed since the ledger could be used last, such as `answer submit`. */
  readonly #failing = new Set<string>();

  constructor({ report }: { readonly report: ReportEvent }) {
    this.#report = report;
  }

  /** Takes a fault. One that is not about an unavailable ledger is always reported. */
  take(fault: Fault): void {
    const { attempt, error } = fault;
    if (!isLedgerUnavailable(error)) return this.#report({ kind: "fault", ...fault });
    if (error instanceof LedgerBusyError && error.isReported) return;
    const isFirst = this.#failing.size === 0;
    this.#failing.add(attempt);
    if (isFirst) this.#report({ kind: "fault", ...fault });
  }

  /**
   * Takes a success. After a failure of the same attempt it shows that the ledger can be used.
   * Other attempts that failed may not be made again for days, so this does not wait for them.
   */
  succeeded(attempt: string): void {
    if (!this.#failing.has(attempt)) return;
    this.#failing.clear();
    this.#report({ kind: "ledger_recovered" });
  }
}

/** Returns the code of a request that the ledger could not be used for. */
export function codeOfUnavailable(error: Error): 500 | 510 {
  return error instanceof LedgerBusyError && error.isUndecided ? 500 : 510;
}
