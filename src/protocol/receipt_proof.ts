/**
 * The proof of a receipt: it shows that the entry was in the ledger at a later time. With it, the
 * receipt and the CA's certificate, anybody can verify that without the server.
 */
import * as v from "valibot";
import { decodeBase64Strict } from "../base64.ts";
import { EnvelopeError } from "../errors.ts";
import { rootsOver, type TreeHead } from "../ledger/tree_proofs.ts";
import { verifyChain } from "../pki/certificate_profile.ts";
import type { TrustAnchor } from "../pki/trust_anchor.ts";
import type { JsonObject } from "../strict_json.ts";
import { checkpointTime, type SignedCheckpoint, verifyCheckpoint } from "./checkpoint.ts";
import { decodeProof, proofShape } from "./proof.ts";
import type { Receipt } from "./receipt.ts";
import { check } from "./request_type.ts";
import { checkpointNoteShape } from "./shapes.ts";

const receiptProofShape = v.object({
  /** The ledger's state at the later time: a signed note. */
  checkpoint: checkpointNoteShape,
  /** The inclusion proof of the entry in that ledger. */
  proof: proofShape,
  /** The certificate of the server that signed the checkpoint: DER in base64. */
  serverCertificate: v.string(),
});

/** The members that a proof adds to a receipt's line of JSON. Nothing in it is verified. */
export type ReceiptProof = v.InferOutput<typeof receiptProofShape>;

const memberNames = ["checkpoint", "proof", "serverCertificate"] as const;

/**
 * Reads the proof in a receipt's line of JSON.
 *
 * @returns the proof, or `undefined` when the line has no member of one
 * @throws {EnvelopeError} when it has only some of them
 * @throws {ProtocolError} when one has another shape
 */
export function readReceiptProof(line: JsonObject): ReceiptProof | undefined {
  const missing = memberNames.filter((name) => !Object.hasOwn(line, name));
  if (missing.length === memberNames.length) return undefined;
  if (missing.length > 0) {
    throw new EnvelopeError(`read the proof: the line has no ${missing.join(" and no ")}`);
  }
  return check(receiptProofShape, line, "read the proof");
}

/**
 * Verifies the proof of a receipt: the server's certificate at the checkpoint's time, the
 * checkpoint, and that the entry's leaf leads to its root and to the receipt's head.
 *
 * @returns the checkpoint of the ledger that had the entry
 * @throws {EnvelopeError} | {CertificateError} | {ProtocolError} when a check fails
 */
export function verifyReceiptProof(
  receipt: Receipt,
  { checkpoint, proof, serverCertificate }: ReceiptProof,
  { anchor }: { anchor: TrustAnchor },
): SignedCheckpoint {
  const der = decodeBase64Strict(serverCertificate);
  if (!der) throw new EnvelopeError("read the proof: its serverCertificate is not base64");
  const atMs = checkpointTime(checkpoint) * 1000;
  const { publicKey } = verifyChain([der], { anchor, role: "server", atMs });
  const tree = verifyCheckpoint(checkpoint, { anchor, publicKey });
  const { entry } = receipt;
  if (tree.size < entry) {
    throw new EnvelopeError(
      `check the proof: its ledger of ${tree.size} rows ends before ${entry}`,
    );
  }
  const fault = inclusionFault(receipt, tree, decodeProof(proof));
  if (fault === "missing") {
    throw new EnvelopeError("check the proof: its hashes do not lead from the entry to the root");
  }
  if (fault === "other_head") {
    throw new EnvelopeError("check the proof: its ledger had another head after the entry");
  }
  return tree;
}

/**
 * What is wrong with an entry: its leaf is not at its place in the tree, or the rows up to there
 * have another head than the receipt says.
 */
export type InclusionFault = "missing" | "other_head";

/**
 * Checks with one proof that a tree has the receipt's leaf at its place, and that the rows up to
 * there have the receipt's head.
 *
 * @param proof hashes of 64 hex digits
 * @returns the fault, `undefined` when all is well
 */
export function inclusionFault(
  { entry, leaf, head: earlier }: Receipt,
  { size, head }: TreeHead,
  proof: readonly string[],
): InclusionFault | undefined {
  const roots = rootsOver({ leaf, index: entry - 1, size, proof });
  if (roots?.root !== head) return "missing";
  return roots.head === earlier ? undefined : "other_head";
}
