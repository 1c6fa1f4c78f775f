/** Points in time as the store has them. */
import type { StoredValue } from "../ledger/snapshot.ts";

/**
 * Only the one spelling that this program writes is taken: an instant in another one was written by something else.
 *
 * @returns milliseconds since the epoch, or `undefined` for everything but ISO 8601 in UTC with milliseconds
 */
export function decodeInstant(value: StoredValue): number | undefined {
  if (typeof value !== "string") return undefined;
  const atMs = Date.parse(value);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString() === value ? atMs : undefined;
}

/**
 * How long after a revocation or a closing an entry may still be stamped. A payment that was accepted a moment earlier is stamped
 * before it waits for its turn to be written, and the operator's command is stamped before it waits for its own.
 */
const overlapMsMax = 10_000;

/** Whether an entry was booked when something had clearly come to an end before. */
export function isAfterEnd(atMs: number, endedAtMs: number | undefined): boolean {
  return endedAtMs !== undefined && atMs > endedAtMs + overlapMsMax;
}
