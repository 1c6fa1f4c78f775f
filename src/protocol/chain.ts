/**
 * CHAIN: a stretch of the ledger's chain, as digests. A member follows it from a head it knows and finds its own entries in it;
 * what others paid stays hidden, for every digest covers a signature that only the parties hold.
 */
import { chainDigestsMax } from "../limits.ts";
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { base64UrlShape, countShape, digestShape } from "./shapes.ts";

const request = v.strictObject({
  /** From the row after this number; 0 for the first. A row is an entry or an account change. */
  after: countShape,
});

const answer = v.strictObject({
  /** The head after the row `after`; the ledger's identifier for 0. */
  head: digestShape,
  /** SHA-256 of each row's canonical encoding, in the order of their numbers: 32 bytes in base64url. Empty at the end. */
  digests: v.pipe(
    v.array(v.pipe(v.string(), v.length(43), base64UrlShape)),
    v.maxLength(chainDigestsMax),
  ),
  /** Number of the ledger's last row; 0 when it has none. */
  last: countShape,
});

export const chainExchange = {
  type: "chain",
  request,
  success: 300,
  answer,
} as const satisfies Exchange<
  "chain",
  unknown,
  unknown
>;
