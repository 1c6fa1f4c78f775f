/**
 * Decodes the points in time of the store.
 */
import type { StoredValue } from "../ledger/snapshot.ts";

/**
 * Decodes a point in time. It accepts only the spelling that this program writes.
 *
 * @returns milliseconds since the epoch, or `undefined` for anything but ISO 8601 in UTC with
 * milliseconds
 */
export function decodeInstant(value: StoredValue): number | undefined {
  if (typeof value !== "string") return undefined;
  const atMs = Date.parse(value);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString() === value ? atMs : undefined;
}
