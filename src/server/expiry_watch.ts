/**
 * Warnings before the server's certificate or its CA's ends: no client believes a server whose certificate has expired.
 */
import type { Clock } from "../clock.ts";
import { expiryCheckMs, expiryWarningDays } from "../limits.ts";
import type { ExpiringCertificate, ReportEvent } from "./server_event.ts";

const dayMs = 86_400_000;

export interface ExpiryWatchOptions {
  readonly clock: Clock;
  readonly report: ReportEvent;
  readonly serverNotAfterMs: number;
  readonly caNotAfterMs: number;
}

/**
 * Reports each certificate at once where it ends within the first of `expiryWarningDays`, again each time that another of these days is
 * reached, and once more when it has expired.
 *
 * @returns stops that
 */
export function watchExpiry(
  { clock, report, serverNotAfterMs, caNotAfterMs }: ExpiryWatchOptions,
): () => void {
  const watched = new Map<ExpiringCertificate, number>([["ca", caNotAfterMs]]);
  // One that lasts as long as the CA cannot be renewed for longer.
  if (serverNotAfterMs < caNotAfterMs) watched.set("server", serverNotAfterMs);
  const reported = new Map<ExpiringCertificate, number>();
  let cancel = () => {};
  const check = () => {
    for (const [certificate, notAfterMs] of watched) {
      const leftMs = notAfterMs - clock.nowMs();
      const days = reachedDays(leftMs);
      if (days === undefined || days >= (reported.get(certificate) ?? Infinity)) continue;
      reported.set(certificate, days);
      const daysLeft = Math.max(Math.ceil(leftMs / dayMs), 0);
      report({ kind: "expiry", certificate, notAfterMs, daysLeft });
    }
    cancel = clock.schedule(expiryCheckMs, check);
  };
  check();
  return () => cancel();
}

/** The fewest of the days at which to warn that there are still left, 0 when it is over. */
function reachedDays(leftMs: number): number | undefined {
  if (leftMs < 0) return 0;
  return expiryWarningDays.findLast((days) => leftMs <= days * dayMs);
}
