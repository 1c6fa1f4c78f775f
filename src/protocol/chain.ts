/**
 * The `chain` request: a part of the ledger's chain, as digests. A member follows it from a known
 * head and finds its own entries. Payments of others stay hidden, because each digest covers a
 * signature that only its parties have.
 */
import { chainDigestsMax } from "../limits.ts";
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
  /** The head after the row `after`, or the ledger's identifier for 0. */
  head: digestShape,
  /**
   * The SHA-256 of each row's canonical encoding, by number: 32 bytes in base64url. Empty at the
   * end.
   */
  digests: v.pipe(
    v.array(v.pipe(v.string(), v.length(43), base64UrlShape)),
    v.maxLength(chainDigestsMax),
  ),
  /** The number of the ledger's last row, 0 without rows. */
  last: countShape,
});

/** Asks for at most `chainDigestsMax` digests. */
export const chainRequestType = {
  type: "chain",
  request,
  success: 300,
  answer,
} as const satisfies RequestType;
