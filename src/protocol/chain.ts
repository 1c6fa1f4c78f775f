/**
 * The `chain` request: consecutive leaves of the Merkle tree of the ledger. A member computes the
 * heads from them and finds its own entries. Payments of others stay hidden, because each leaf
 * covers a signature that only its parties have.
 */
import { chainLeavesMax } from "../limits.ts";
import * as v from "valibot";
import type { RequestType } from "./request_type.ts";
import { base64UrlShape, countShape, digestShape } from "./shapes.ts";

const request = v.strictObject({
  /**
   * Starts after the row of this number, 0 for the start. A row is an entry or an account change.
   */
  after: countShape,
});

const answer = v.strictObject({
  /** The head after the row `after`. */
  head: digestShape,
  /** The leaf of each row, by number: 32 bytes in base64url. Empty at the end. */
  leaves: v.pipe(
    v.array(v.pipe(v.string(), v.length(43), base64UrlShape)),
    v.maxLength(chainLeavesMax),
  ),
  /** The number of the ledger's last row, 0 without rows. */
  last: countShape,
});

/** Asks for at most `chainLeavesMax` leaves. */
export const chainRequestType = {
  type: "chain",
  request,
  success: 300,
  answer,
} as const satisfies RequestType;
