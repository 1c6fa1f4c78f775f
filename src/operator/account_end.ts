/**
 * The time that a revocation or a closing is stamped with.
 */
import type { AccountName } from "../account_name.ts";
import type { LedgerSnapshot } from "../ledger/snapshot.ts";
import { decodeInstant } from "./stored_instant.ts";

/**
 * Now, but never before an entry that the account has already: after the clock was set back the audit would otherwise find payments
 * that were fine to be made after the end.
 */
export function accountEndMs(
  snapshot: LedgerSnapshot,
  name: AccountName,
  { nowMs }: { nowMs: number },
): number {
  let endMs = nowMs;
  for (const { at } of snapshot.entriesOf(name)) endMs = Math.max(endMs, decodeInstant(at) ?? 0);
  return endMs;
}
