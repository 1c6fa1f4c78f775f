/**
 * Warnings before the server's certificate or its CA's expires. After that no client accepts the
 * server.
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
 * Starts to report certificates that expire soon. It reports once for each of `expiryWarningDays`
 * that is reached, and once when the certificate has expired.
 *
 * @returns a function that stops the reports
 */
export function watchExpiry(
  { clock, report, serverNotAfterMs, caNotAfterMs }: ExpiryWatchOptions,
): () => void {
  const watched = new Map<ExpiringCertificate, number>([["ca", caNotAfterMs]]);
  // A certificate that lasts as long as its CA cannot be renewed for longer.
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

/** Returns the smallest warning threshold in days that is reached, 0 after expiry. */
function reachedDays(leftMs: number): number | undefined {
  if (leftMs < 0) return 0;
  return expiryWarningDays.findLast((days) => leftMs <= days * dayMs);
}
