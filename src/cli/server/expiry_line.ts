/**
 * What the server says of a certificate that ends soon, and what to do about it.
 */
import { gencertCommandLine } from "../../pki/gencert_hint.ts";
import type { ServerEvent } from "../../server/server_event.ts";

/** @param certs the folder that the server's certificates are in */
export function expiryLine(
  { certificate, notAfterMs, daysLeft }: Extract<ServerEvent, { kind: "expiry" }>,
  certs: string,
): string {
  const end = new Date(notAfterMs).toISOString();
  const when = daysLeft === 0
    ? `expired on ${end}, so that no client believes this server`
    : `expires in ${daysLeft === 1 ? "1 day" : `${daysLeft} days`}, on ${end}`;
  if (certificate === "server") {
    const renew = gencertCommandLine(certs, "renew");
    return `The server's certificate ${when}; ${renew} makes a new one, then restart the server`;
  }
  return `The CA's certificate ${when}; it cannot be renewed and its ledger ends with it: ` +
    "docs/operating.md says how to go on";
}
