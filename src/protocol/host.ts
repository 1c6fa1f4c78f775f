/**
 * Where somebody can be reached: a DNS name or an IP address.
 */
import { isIP } from "node:net";

/** Longest DNS name in its text form (RFC 1035 section 2.3.4). */
const hostCharactersMax = 253;

// RFC 1123 section 2.1: letters, digits and hyphens, a hyphen neither first nor last.
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Whether a value can be given to a connect call as a host, and is harmless wherever it is shown. */
export function isHost(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > hostCharactersMax) {
    return false;
  }
  return isIP(value) !== 0 || value.split(".").every((part) => label.test(part));
}
