/**
 * The `proof` request: proofs about the ledger's Merkle tree. With them a member checks that the
 * ledger only grew, and that its own entries are at their places. The payments of others stay
 * hidden, because each leaf covers a signature that only its parties have.
 *
 * The server signs its answer together with the question. The question names texts that the server
 * signed before, by digests. So an answer that does not prove what such a text says convicts the
 * server, whatever its clock said.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
import * as v from "valibot";
import { decodeBase64UrlStrict, encodeBase64Url } from "../base64.ts";
import { EnvelopeError, ProtocolError } from "../errors.ts";
import { proofCheckpointsMax, proofReceiptsMax } from "../limits.ts";
import type { Identity } from "../pki/identity.ts";
import { joinDocument, signDocument, verifyDocument } from "../pki/signed_document.ts";
import type { PublicKey } from "../pki/signing_key.ts";
import type { RequestType } from "./request_type.ts";
import { base64UrlShape, checkpointNoteShape, digestShape, entryNumberShape } from "./shapes.ts";

/** The hashes of a proof: 32 bytes each in base64url. A tree has fewer than 2^53 leaves. */
export const proofShape = v.pipe(
  v.array(v.pipe(v.string(), v.length(43), base64UrlShape)),
  v.maxLength(54),
);

const request = v.strictObject({
  /** Checkpoints that the member knows: the number of rows, and the digest of the text. */
  checkpoints: v.pipe(
    v.array(v.strictObject({ size: entryNumberShape, digest: digestShape })),
    v.maxLength(proofCheckpointsMax),
  ),
  /** Receipts of the member: the entry's number, and the digest of the compact JWS. */
  receipts: v.pipe(
    v.array(v.strictObject({ entry: entryNumberShape, digest: digestShape })),
    v.maxLength(proofReceiptsMax),
  ),
});

const answer = v.strictObject({
  /** The newest tree: its checkpoint, signed now. */
  checkpoint: checkpointNoteShape,
  /**
   * For each asked checkpoint, the proof that this tree begins with that one. Empty when this tree
   * is not longer.
   */
  consistency: v.pipe(v.array(proofShape), v.maxLength(proofCheckpointsMax)),
  /** For each asked receipt, the proof that this tree has its entry. Empty past the end. */
  inclusion: v.pipe(v.array(proofShape), v.maxLength(proofReceiptsMax)),
  /** The server's signature over the question and the other members: 64 bytes in base64url. */
  signature: v.pipe(v.string(), v.length(86), base64UrlShape),
});

export type ProofQuestion = v.InferOutput<typeof request>;
export type ProofAnswer = v.InferOutput<typeof answer>;

/** Asks for proofs from `proofCheckpointsMax` checkpoints and of `proofReceiptsMax` receipts. */
export const proofRequestType = {
  type: "proof",
  request,
  success: 300,
  answer,
} as const satisfies RequestType;

/** Returns the answer to a question, with the server's signature over both. */
export function signProofs(
  question: ProofQuestion,
  proofs: Omit<ProofAnswer, "signature">,
  { signingKey }: Pick<Identity, "signingKey">,
): ProofAnswer {
  const jws = signDocument("micropay-proof", signedMembers(question, proofs), { signingKey });
  return { ...proofs, signature: jws.slice(jws.lastIndexOf(".") + 1) };
}

/**
 * Verifies that the server gave an answer to a question. Not verified: the checkpoint, and what the
 * proofs show.
 *
 * @param options.publicKey the server's
 * @throws {EnvelopeError} when the server did not sign both together
 */
export function verifyProofs(
  question: ProofQuestion,
  answer: ProofAnswer,
  { publicKey }: { publicKey: PublicKey },
): void {
  const attempt = "check the proofs";
  const signature = decodeBase64UrlStrict(answer.signature);
  if (!signature) throw new EnvelopeError(`${attempt}: their signature is not base64url`);
  const parts = { signature, chain: undefined };
  const jws = joinDocument("micropay-proof", signedMembers(question, answer), parts);
  try {
    verifyDocument({ jws, signature }, publicKey);
  } catch (cause) {
    throw new EnvelopeError(
      `${attempt}: the server did not sign this answer to this question`,
      { cause },
    );
  }
}

/** Returns what the signature covers. Its JSON has exactly these members, in this order. */
function signedMembers(
  { checkpoints, receipts }: ProofQuestion,
  { checkpoint, consistency, inclusion }: Omit<ProofAnswer, "signature">,
) {
  return {
    checkpoints: checkpoints.map(({ size, digest }) => ({ size, digest })),
    receipts: receipts.map(({ entry, digest }) => ({ entry, digest })),
    checkpoint,
    consistency,
    inclusion,
  };
}

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
