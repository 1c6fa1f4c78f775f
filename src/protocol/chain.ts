/**
 * CHAIN: a stretch of the ledger's chain, as digests. A member follows it from a head it knows and finds its own entries in it;
 * what others paid stays hidden, for every digest covers a signature that only the parties hold.
 */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { base64UrlShape, countShape, digestShape } from "./shapes.ts";

/** 43 characters of base64url and JSON's comma and quotes each: a page takes 28 KiB. */
export const chainDigestsMax = 600;

const request = v.strictObject({
  /** From the entry after this one; 0 for the first. */
  after: countShape,
});

const answer = v.strictObject({
  /** The head after entry `after`; the ledger's identifier for 0. */
  head: digestShape,
  /** SHA-256 of each entry's canonical encoding, in order: 32 bytes in base64url. Empty at the end. */
  digests: v.pipe(v.array(base64UrlShape), v.maxLength(chainDigestsMax)),
  /** How many entries the ledger has. */
  entries: countShape,
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
