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
