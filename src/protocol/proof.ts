/**
 * The `proof` request: proofs about the ledger's Merkle tree. With them a member checks that the
 * ledger only grew, and that its own entries are at their places. The payments of others stay
 * hidden, because each leaf covers a signature that only its parties have.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
import * as v from "valibot";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { ProtocolError } from "../errors.ts";
import { checkpointCharactersMax, proofEntriesMax } from "../limits.ts";
import type { RequestType } from "./request_type.ts";
import { base64UrlShape, countShape, entryNumberShape } from "./shapes.ts";

/** The hashes of a proof: 32 bytes each in base64url. A tree has fewer than 2^53 leaves. */
export const proofShape = v.pipe(
  v.array(v.pipe(v.string(), v.length(43), base64UrlShape)),
  v.maxLength(54),
);

const request = v.strictObject({
  /** The number of rows of a tree whose head the member knows, or 0. */
  size: countShape,
  entries: v.pipe(v.array(entryNumberShape), v.maxLength(proofEntriesMax)),
});

const answer = v.strictObject({
  /** The newest tree: its checkpoint, signed now. */
  checkpoint: v.pipe(v.string(), v.maxLength(checkpointCharactersMax)),
  /** The proof that this tree grew from that of the asked size. Empty when it is not longer. */
  consistency: proofShape,
  /** For each asked entry, the proof that this tree has it. Empty past the end. */
  inclusion: v.pipe(v.array(proofShape), v.maxLength(proofEntriesMax)),
});

/** Asks for the proofs of at most `proofEntriesMax` entries. */
export const proofRequestType = {
  type: "proof",
  request,
  success: 300,
  answer,
} as const satisfies RequestType;

/** Encodes hashes of 64 hex digits as a proof on the wire. */
export function encodeProof(hashes: readonly string[]): string[] {
  return hashes.map((hash) => encodeBase64Url(decodeHex(hash)));
}

/**
 * Returns the hashes of a proof on the wire, 64 hex digits each.
 *
 * @throws {ProtocolError} when one is not 32 bytes
 */
export function decodeProof(proof: readonly string[]): string[] {
  return proof.map((text) => {
    const bytes = decodeBase64UrlStrict(text);
    if (bytes?.length === 32) return encodeHex(bytes);
    throw new ProtocolError("read a proof: a hash is not 32 bytes in base64url");
  });
}
